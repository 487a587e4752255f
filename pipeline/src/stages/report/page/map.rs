//! The map of the clusters: where things lie.

use serde::Serialize;

use super::super::clusters::Plane;
use crate::pages::plot::Axis;

/// Width and height of the map.
const SIZE: [f64; 2] = [640.0, 420.0];
/// Room at its edges, for dots and numbers.
const MARGIN: f64 = 14.0;
/// Colours; a cluster beyond them begins again, and its number tells it apart.
const COLOURS: usize = 8;

/// The map.
#[derive(Serialize)]
pub struct Map {
    width: f64,
    height: f64,
    /// The points of each cluster as one path.
    clouds: Vec<Cloud>,
    /// Numbers in the middle of each.
    numbers: Vec<Number>,
}

#[derive(Serialize)]
struct Cloud {
    colour: usize,
    path: String,
}

#[derive(Serialize)]
struct Number {
    x: f64,
    y: f64,
    words: String,
    name: String,
}

/// Where the points lie; the middle half of each direction fills most of the map, as every point is on it.
pub fn drawn(plane: &Plane) -> Option<Map> {
    let ends = |axis: usize| {
        let along = || plane.places.iter().map(move |(place, _)| place[axis]);
        [
            along().fold(f64::INFINITY, f64::min),
            along().fold(f64::NEG_INFINITY, f64::max),
        ]
    };
    if plane.places.is_empty() {
        return None;
    }
    let [width, height] = SIZE;
    let across = Axis::new(ends(0), [MARGIN, width - MARGIN]);
    let up = Axis::new(ends(1), [height - MARGIN, MARGIN]);
    let cloud = |(at, middle): (usize, &super::super::clusters::Middle)| {
        let own = plane
            .places
            .iter()
            .filter(|(_, number)| *number == middle.number);
        // A line without length and with round ends is a dot: the shortest way to write many.
        let dots = own.map(|([x, y], _)| format!("M{:.0} {:.0}h0", across.at(*x), up.at(*y)));
        Cloud {
            colour: at % COLOURS,
            path: dots.collect(),
        }
    };
    let number = |middle: &super::super::clusters::Middle| Number {
        x: across.at(middle.at[0]),
        y: up.at(middle.at[1]),
        words: middle
            .number
            .map_or_else(|| "others".to_owned(), |number| number.to_string()),
        name: middle.name.clone(),
    };
    Some(Map {
        width,
        height,
        clouds: plane.middles.iter().enumerate().map(cloud).collect(),
        numbers: plane.middles.iter().map(number).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::clusters::Middle;
    use super::*;

    #[test]
    fn every_point_is_drawn_in_the_cloud_of_its_cluster() {
        let middle = |number, at| Middle {
            number,
            name: "name".to_owned(),
            points: 1,
            at,
        };
        let plane = Plane {
            points: 3,
            customers: 30,
            shares: [0.5, 0.2],
            leans: [String::new(), String::new()],
            places: vec![
                ([0.0, 0.0], Some(1)),
                ([2.0, 1.0], None),
                ([1.0, 0.5], Some(1)),
            ],
            middles: vec![middle(Some(1), [0.5, 0.25]), middle(None, [2.0, 1.0])],
        };
        let map = drawn(&plane).expect("a map");
        assert_eq!(map.clouds[0].path, "M14 406h0M320 210h0");
        assert_eq!(map.clouds[1].path, "M626 14h0");
        assert_eq!(map.numbers[1].words, "others");
    }
}
