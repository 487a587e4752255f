//! An order number of several customers, or one that comes again days later, is not one basket.

use super::lines::Line;

/// What is known of an order number.
#[derive(Clone, Copy)]
struct Seen {
    customer: u32,
    first_day: i32,
    last_day: i32,
    several: bool,
}

/// Gives every customer of an order number, and every time that is more than so many days after the
/// one before, a basket of its own; says how many order numbers have several. Baskets keep the order
/// of their numbers.
pub(super) fn apart<X>(lines: &mut [Line<X>], days: u32) -> u64 {
    let days = i32::try_from(days).unwrap_or(i32::MAX);
    let several = several(lines, days);
    if several.is_empty() {
        return 0;
    }
    // Every customer and day of these numbers, and the number of the basket within its order.
    let mut visits: Vec<(u32, u32, i32)> = lines
        .iter()
        .filter(|line| several.binary_search(&line.basket).is_ok())
        .map(|line| (line.basket, line.customer, line.day))
        .collect();
    visits.sort_unstable();
    visits.dedup();
    let mut within = vec![0_u32; visits.len()];
    // How many more baskets there are up to and with each of the order numbers.
    let mut more = vec![0_u32; several.len()];
    let mut order = 0;
    for place in 1..visits.len() {
        let ((basket, customer, day), before) = (visits[place], visits[place - 1]);
        if basket != before.0 {
            order += 1;
            more[order] = more[order - 1];
            continue;
        }
        let same = customer == before.1 && day.saturating_sub(before.2) <= days;
        within[place] = within[place - 1] + u32::from(!same);
        more[order] += u32::from(!same);
    }
    for line in lines {
        let place = several.partition_point(|basket| *basket < line.basket);
        let before = place.checked_sub(1).map_or(0, |place| more[place]);
        let visit = (line.basket, line.customer, line.day);
        let own = visits
            .binary_search(&visit)
            .map_or(0, |place| within[place]);
        line.basket += before + own;
    }
    several.len() as u64
}

/// The order numbers that are more than one basket, ascending.
fn several<X>(lines: &[Line<X>], days: i32) -> Vec<u32> {
    let numbers = lines.iter().map(|line| line.basket as usize + 1).max();
    let mut seen: Vec<Option<Seen>> = vec![None; numbers.unwrap_or(0)];
    for line in lines {
        let new = Seen {
            customer: line.customer,
            first_day: line.day,
            last_day: line.day,
            several: false,
        };
        let seen = seen[line.basket as usize].get_or_insert(new);
        seen.first_day = seen.first_day.min(line.day);
        seen.last_day = seen.last_day.max(line.day);
        seen.several |= seen.customer != line.customer;
    }
    let apart = |seen: &Seen| seen.several || seen.last_day.saturating_sub(seen.first_day) > days;
    let numbered = seen.into_iter().zip(0..);
    numbered
        .filter(|(seen, _)| seen.as_ref().is_some_and(apart))
        .map(|(_, number)| number)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(basket: u32, customer: u32, day: i32) -> Line<()> {
        Line {
            customer,
            basket,
            item: 0,
            day,
            extra: (),
        }
    }

    #[test]
    fn customers_and_times_of_one_number_are_baskets_of_their_own() {
        let mut lines = [
            line(0, 7, 1),
            line(1, 3, 10), // of customer 3 on two days that are near, and one far off
            line(1, 3, 13),
            line(1, 3, 17),
            line(1, 4, 10), // of another customer
            line(2, 5, 1),
            line(2, 5, 2),
            line(3, 6, 1),
            line(3, 6, 9),
            line(4, 1, 1),
        ];
        assert_eq!(apart(&mut lines, 3), 2);
        let baskets: Vec<u32> = lines.iter().map(|line| line.basket).collect();
        assert_eq!(baskets, [0, 1, 1, 2, 3, 4, 4, 5, 6, 7]);
    }

    #[test]
    fn numbers_that_are_one_basket_stay_as_they_are() {
        let mut lines = [line(0, 1, 5), line(0, 1, 8), line(2, 2, 5)];
        assert_eq!(apart(&mut lines, 3), 0);
        assert_eq!(lines.map(|line| line.basket), [0, 0, 2]);
    }
}
