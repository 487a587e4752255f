//! Items as points and rules as lines between them, laid out so that what goes together lies together.
//!
//! Forces after Fruchterman and Reingold (1991), "Graph drawing by force-directed placement": items
//! push each other away, lines pull, and all are drawn to the middle. Where an item starts depends on
//! its place in the list alone, and the steps are counted, so the same rules make the same picture.
//! Afterwards labels that overlap are moved apart; one that has no room is left out, and its item's name is
//! said by the point itself.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use serde::Serialize;

use super::{RuleLine, short_name};
use crate::pages::plot::place;
use crate::text::percent;

/// The picture, in its own units.
pub const WIDTH: f64 = 1060.0;
const HEIGHT: f64 = 620.0;
/// Items that can be told apart in it.
const NODES: usize = 36;
/// Lines that can be followed in it.
const EDGES: usize = 70;
const STEPS: usize = 400;
/// Room for the line of a label.
const LINE: f64 = 30.0;
/// A label begins so far below its point, and reaches so far above and below its base line.
const BELOW: f64 = 13.0;
const REACH: [f64; 2] = [11.5, 4.5];

/// Items and the rules between them.
#[derive(Debug, Default, Serialize)]
pub struct Graph {
    width: f64,
    height: f64,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// Rules that are drawn.
    rules: usize,
    /// Items whose label is left out, as it would lie on another.
    unnamed: usize,
}

#[derive(Debug, Serialize)]
struct Node {
    x: f64,
    y: f64,
    radius: f64,
    /// The base line of the label.
    below: f64,
    /// Empty where it has no room.
    label: String,
    title: String,
}

#[derive(Debug, Serialize)]
struct Edge {
    x1: f64,
    y1: f64,
    x2: f64,
    y2: f64,
    width: f64,
    /// Whether the rules go both ways, so that no arrow is drawn.
    both: bool,
    title: String,
}

/// What is drawn: items, and between pairs of them the rules.
#[derive(Default)]
struct Drawn<'a> {
    /// Item codes.
    items: Vec<u32>,
    /// Where each item stands in `items`.
    places: BTreeMap<u32, usize>,
    pairs: BTreeMap<(usize, usize), Link<'a>>,
    rules: usize,
}

/// The rules between two items.
struct Link<'a> {
    lift: f64,
    /// Whether there is one from the first to the second, and one back.
    ways: [bool; 2],
    words: &'a str,
}

/// Draws the first rules, as far as there is room for their items and for themselves.
pub fn graph(rules: &[RuleLine], names: &[String], supports: &[f64]) -> Graph {
    let mut drawn = Drawn::default();
    for rule in rules {
        drawn.add(rule);
    }
    let name = |item: &u32| names[*item as usize].as_str();
    let labels: Vec<String> = drawn
        .items
        .iter()
        .map(|item| short_name(name(item)))
        .collect();
    let widths: Vec<f64> = labels
        .iter()
        .map(|label| label.chars().map(letter).sum::<f64>() + 10.0)
        .collect();
    let links: Vec<(usize, usize)> = drawn.pairs.keys().copied().collect();
    let at = laid_out(drawn.items.len(), &links, &widths);
    let support = |item: &u32| supports[*item as usize];
    let most = drawn.items.iter().map(support).fold(1e-9, f64::max);
    let radius = |item: &u32| 5.0 + 11.0 * (support(item) / most).sqrt();
    let edges = drawn.pairs.iter().map(|(&pair, link)| {
        let ends = [pair.0, pair.1].map(|end| (at[end], radius(&drawn.items[end])));
        edge(ends, link)
    });
    let below: Vec<f64> = (drawn.items.iter().zip(&at))
        .map(|(item, [_, y])| y + radius(item) + BELOW)
        .collect();
    let boxes = at.iter().zip(&below).zip(&widths);
    let boxes: Vec<Cover> = boxes
        .map(|(([x, _], below), width)| Cover::of(*x, *below, *width))
        .collect();
    let fits = with_room(&boxes);
    let points = drawn.items.iter().zip(&at).zip(labels).enumerate();
    let nodes = points.map(|(i, ((item, [x, y]), label))| Node {
        x: place(*x),
        y: place(*y),
        radius: place(radius(item)),
        below: place(below[i]),
        label: if fits[i] { label } else { String::new() },
        title: tr!(
            "{item}: in {share} of baskets",
            item = name(item),
            share = percent(support(item))
        ),
    });
    Graph {
        width: WIDTH,
        height: HEIGHT,
        edges: edges.collect(),
        nodes: nodes.collect(),
        rules: drawn.rules,
        unnamed: fits.iter().filter(|fits| !**fits).count(),
    }
}

/// How wide a letter is at most in the fonts that a browser may take.
fn letter(letter: char) -> f64 {
    match letter {
        '\u{2e80}'.. => 12.5,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '\u{2026}' => 12.0,
        _ if letter.is_uppercase() => 9.2,
        'i' | 'j' | 'l' | ' ' | '.' | ',' | '\'' => 4.2,
        _ => 7.7,
    }
}

/// What a label covers.
#[derive(Clone, Copy)]
struct Cover {
    across: [f64; 2],
    down: [f64; 2],
}

impl Cover {
    fn of(x: f64, below: f64, width: f64) -> Self {
        Self {
            across: [x - width / 2.0, x + width / 2.0],
            down: [below - REACH[0], below + REACH[1]],
        }
    }

    fn lies_on(&self, other: &Self) -> bool {
        let meet = |a: [f64; 2], b: [f64; 2]| a[0] < b[1] && b[0] < a[1];
        meet(self.across, other.across) && meet(self.down, other.down)
    }
}

/// Which labels are drawn: each that lies on none before it, for the strongest rules come first.
fn with_room(boxes: &[Cover]) -> Vec<bool> {
    let mut fits: Vec<bool> = Vec::with_capacity(boxes.len());
    for (i, one) in boxes.iter().enumerate() {
        let taken = boxes[..i].iter().zip(&fits);
        let free = !taken
            .filter(|(_, drawn)| **drawn)
            .any(|(other, _)| one.lies_on(other));
        fits.push(free);
    }
    fits
}

impl<'a> Drawn<'a> {
    /// Adds a rule, if there is room.
    fn add(&mut self, rule: &'a RuleLine) {
        let items = rule.antecedent.iter().chain(&rule.consequent);
        let new = |item: &&u32| !self.places.contains_key(item);
        let new = items.clone().filter(new).count();
        if self.items.len() + new > NODES || self.pairs.len() >= EDGES {
            return;
        }
        self.rules += 1;
        for &item in items {
            self.places.entry(item).or_insert_with(|| {
                self.items.push(item);
                self.items.len() - 1
            });
        }
        for from in &rule.antecedent {
            for to in &rule.consequent {
                let (from, to) = (self.places[from], self.places[to]);
                let link = self
                    .pairs
                    .entry((from.min(to), from.max(to)))
                    .or_insert_with(|| Link {
                        lift: 0.0,
                        ways: [false; 2],
                        words: &rule.words,
                    });
                link.lift = link.lift.max(rule.lift);
                link.ways[usize::from(from > to)] = true;
            }
        }
    }
}

/// A line between two points of some size.
fn edge([a, b]: [([f64; 2], f64); 2], link: &Link<'_>) -> Edge {
    let (from, to) = if link.ways[0] { (a, b) } else { (b, a) };
    let ([x1, y1], [x2, y2]) = (from.0, to.0);
    let length = ((x2 - x1).powi(2) + (y2 - y1).powi(2)).sqrt().max(1.0);
    // The line ends where the point begins, so that its arrow can be seen.
    let (start, end) = (from.1 + 1.0, to.1 + 4.0);
    let along = |by: f64| [x1 + (x2 - x1) * by / length, y1 + (y2 - y1) * by / length];
    let ([x1, y1], [x2, y2]) = (along(start), along((length - end).max(start)));
    Edge {
        x1: place(x1),
        y1: place(y1),
        x2: place(x2),
        y2: place(y2),
        width: place((1.0 + link.lift.max(1.0).ln()).min(4.5)),
        both: link.ways == [true; 2],
        title: link.words.to_owned(),
    }
}

/// Where each of `n` points lies.
fn laid_out(n: usize, links: &[(usize, usize)], widths: &[f64]) -> Vec<[f64; 2]> {
    let middle = [WIDTH / 2.0, HEIGHT / 2.0];
    // A sunflower: even, and no two points in one place.
    let mut at: Vec<[f64; 2]> = (0..n)
        .map(|i| {
            let turn = i as f64 * PI * (3.0 - 5f64.sqrt());
            let out = ((i as f64 + 0.5) / n.max(1) as f64).sqrt();
            [
                middle[0] + out * turn.cos() * WIDTH * 0.4,
                middle[1] + out * turn.sin() * HEIGHT * 0.4,
            ]
        })
        .collect();
    let apart = 0.8 * (WIDTH * HEIGHT / n.max(1) as f64).sqrt();
    for step in 0..STEPS {
        let mut moves = vec![[0.0; 2]; n];
        for a in 0..n {
            for b in 0..a {
                let d = [at[a][0] - at[b][0], at[a][1] - at[b][1]];
                let length = (d[0] * d[0] + d[1] * d[1]).sqrt().max(1.0);
                let force = apart * apart / length;
                for axis in 0..2 {
                    moves[a][axis] += d[axis] / length * force;
                    moves[b][axis] -= d[axis] / length * force;
                }
            }
            for axis in 0..2 {
                // Stronger from above and below, as the picture is wider than high.
                let pull = [0.6, 1.1][axis];
                moves[a][axis] += (middle[axis] - at[a][axis]) * pull;
            }
        }
        for &(a, b) in links {
            let d = [at[a][0] - at[b][0], at[a][1] - at[b][1]];
            let length = (d[0] * d[0] + d[1] * d[1]).sqrt().max(1.0);
            let force = length * length / apart;
            for axis in 0..2 {
                moves[a][axis] -= d[axis] / length * force;
                moves[b][axis] += d[axis] / length * force;
            }
        }
        let heat = 60.0 * (1.0 - step as f64 / STEPS as f64);
        for (point, by) in at.iter_mut().zip(&moves) {
            let length = (by[0] * by[0] + by[1] * by[1]).sqrt().max(1e-9);
            for axis in 0..2 {
                point[axis] += by[axis] / length * length.min(heat);
            }
            within(point, 60.0);
        }
    }
    move_labels_apart(&mut at, widths);
    at
}

/// Keeps a point in the picture, with room for half its label on both sides.
fn within(point: &mut [f64; 2], side: f64) {
    point[0] = point[0].clamp(side.min(WIDTH / 2.0), (WIDTH - side).max(WIDTH / 2.0));
    point[1] = point[1].clamp(24.0, HEIGHT - 34.0);
}

/// Pushes points apart until no label lies on another, or the steps are used up.
fn move_labels_apart(at: &mut [[f64; 2]], widths: &[f64]) {
    for _ in 0..300 {
        let mut moved = false;
        for a in 0..at.len() {
            for b in 0..a {
                let d = [at[a][0] - at[b][0], at[a][1] - at[b][1]];
                let over = [
                    (widths[a] + widths[b]) / 2.0 - d[0].abs(),
                    LINE + 8.0 - d[1].abs(),
                ];
                if over[0] <= 0.0 || over[1] <= 0.0 {
                    continue;
                }
                moved = true;
                // Along the shorter way out.
                let axis = usize::from(over[1] <= over[0]);
                let by = (over[axis] / 2.0 + 0.5) * if d[axis] < 0.0 { -1.0 } else { 1.0 };
                at[a][axis] += by;
                at[b][axis] -= by;
            }
        }
        for (point, width) in at.iter_mut().zip(widths) {
            within(point, width / 2.0);
        }
        if !moved {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(from: u32, to: u32) -> RuleLine {
        RuleLine {
            antecedent: vec![from],
            consequent: vec![to],
            lift: 2.0,
            ..RuleLine::default()
        }
    }

    #[test]
    fn what_goes_together_lies_nearer_than_what_does_not() {
        let names: Vec<String> = (0..6).map(|i| format!("item {i}")).collect();
        let rules = [
            rule(0, 1),
            rule(1, 2),
            rule(0, 2),
            rule(3, 4),
            rule(4, 5),
            rule(3, 5),
        ];
        let drawn = graph(&rules, &names, &[0.1; 6]);
        assert_eq!((drawn.nodes.len(), drawn.edges.len()), (6, 6));
        let far = |a: usize, b: usize| {
            let [a, b] = [&drawn.nodes[a], &drawn.nodes[b]];
            ((a.x - b.x).powi(2) + (a.y - b.y).powi(2)).sqrt()
        };
        let within = (far(0, 1) + far(1, 2) + far(3, 4) + far(4, 5)) / 4.0;
        let across = (far(0, 3) + far(1, 4) + far(2, 5)) / 3.0;
        assert!(within < across, "{within} {across}");
    }

    #[test]
    fn labels_do_not_overlap_and_stay_in_the_picture() {
        for name in [
            "a product of number",
            "WWWW MMMM WWWW MMMM",
            "商品名称很长的一种商品",
        ] {
            let names: Vec<String> = (0..40).map(|i| format!("{name} {i}")).collect();
            let rules: Vec<RuleLine> = (0..39).map(|i| rule(i, i + 1)).collect();
            let drawn = graph(&rules, &names, &[0.1; 40]);
            assert_eq!(drawn.nodes.len(), NODES);
            let named = || drawn.nodes.iter().filter(|node| !node.label.is_empty());
            assert_eq!(named().count() + drawn.unnamed, NODES);
            assert!(drawn.unnamed < NODES / 3, "{name}: {}", drawn.unnamed);
            let boxes: Vec<Cover> = named()
                .map(|node| {
                    let width = node.label.chars().map(letter).sum();
                    Cover::of(node.x, node.below, width)
                })
                .collect();
            for (i, a) in boxes.iter().enumerate() {
                assert!(a.across[0] > 0.0 && a.across[1] < WIDTH && a.down[1] < HEIGHT);
                assert!(boxes[..i].iter().all(|b| !a.lies_on(b)), "{name}");
            }
        }
    }

    #[test]
    fn a_label_without_room_is_left_out() {
        let one = Cover::of(100.0, 100.0, 80.0);
        let beside = Cover::of(181.0, 100.0, 80.0);
        assert_eq!(with_room(&[one, one, beside]), [true, false, true]);
    }
}
