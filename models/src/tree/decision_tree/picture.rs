//! The tree as a picture: an SVG file without scripts, to be read from left to right.
//!
//! The root stands at the left, each level of splits one column further right, the leaves spread
//! from top to bottom in the order of the text. A box holds the condition that leads to it, its
//! rows, what became of them, and a bar. Nothing is cut: long lines are broken between words. Lines are as thick as their share of the rows. The blue
//! and orange are those of Okabe and Ito (2008), which colour-blind people tell apart; nothing is
//! said by colour alone.

use std::fmt::Write;

use super::super::Label;
use super::super::node::Node;
use super::names::{ColumnName, Wording, put};
use super::numbers::number;
use super::rules::told;
use super::{DecisionTree, ReadableTree, RegressionTree, mean};

/// Sizes in pixels.
/// Of a line of text.
const LINE: f64 = 17.0;
/// What a box holds beside its lines: the bar, and room around.
const BAR_ROOM: f64 = 24.0;
const GAP: f64 = 12.0;
const BETWEEN: f64 = 48.0;
const MARGIN: f64 = 16.0;
const HEADER: f64 = 44.0;
const NARROWEST: f64 = 190.0;
const WIDEST: f64 = 330.0;

/// What a letter of the bold 12-pixel text takes at most in the usual sans-serif fonts, on average.
const LETTER: f64 = 7.4;

const BLUE: &str = "#0072b2";
const ORANGE: &str = "#d55e00";

impl DecisionTree {
    /// The tree as an SVG picture. The bar of a box shows its rate, with a tick at the base rate:
    /// orange where the rate lies above it, blue elsewhere.
    ///
    /// `names` and `wording` are those of [`to_text`](Self::to_text). Long conditions take several
    /// lines, and every box is as high as the one with most.
    ///
    /// # Panics
    /// When there are not as many names as columns.
    pub fn to_svg<'a, N: ColumnName>(
        &self,
        names: &[N],
        wording: impl Into<Wording<'a>>,
    ) -> String {
        let wording = wording.into();
        let base = self.base_rate();
        let (leaves, percent) = (
            self.leaf_count().to_string(),
            format!("{:.1}", 100.0 * base),
        );
        self.svg(
            names,
            &Words {
                wording,
                title: put(
                    wording.phrases.picture,
                    &[
                        ("leaves", &leaves),
                        ("outcome", wording.outcome),
                        ("percent", &percent),
                        ("rows", wording.rows),
                    ],
                ),
                fact: &|node| wording.rate(mean(node)),
                value: &|p| format!("{p:.3}"),
                place: &|node| mean(node),
                tick: base,
            },
        )
    }
}

impl RegressionTree {
    /// The tree as an SVG picture. The bar of a box shows where its mean lies between those of
    /// the lowest and the highest leaf, with a tick at the mean of all rows: orange where the mean
    /// lies above it, blue elsewhere.
    ///
    /// `names` and `wording` are those of [`to_text`](Self::to_text). Long conditions take several
    /// lines, and every box is as high as the one with most.
    ///
    /// # Panics
    /// When there are not as many names as columns.
    pub fn to_svg<'a, N: ColumnName>(
        &self,
        names: &[N],
        wording: impl Into<Wording<'a>>,
    ) -> String {
        let wording = wording.into();
        let Wording { outcome, rows, .. } = wording;
        let leaves = self.tree.nodes.iter().filter(|node| node.is_leaf());
        let (low, high) = leaves.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), leaf| {
            (low.min(mean(leaf)), high.max(mean(leaf)))
        });
        let place = |value: f64| {
            if high > low {
                (value - low) / (high - low)
            } else {
                0.5
            }
        };
        self.svg(
            names,
            &Words {
                wording,
                title: format!(
                    "{} leaves; bars show mean {outcome} from {} to {}, ticks mark {} over all {rows}",
                    self.leaf_count(),
                    number(low),
                    number(high),
                    number(self.mean())
                ),
                fact: &|node| format!("mean {}", number(mean(node))),
                value: &number,
                place: &|node| place(mean(node)),
                tick: place(self.mean()),
            },
        )
    }
}

/// What the picture says of a node.
struct Words<'a> {
    /// What rows are called, and how it is said.
    wording: Wording<'a>,
    title: String,
    fact: &'a dyn Fn(&Node) -> String,
    /// Writes what a leaf predicts.
    value: &'a dyn Fn(f64) -> String,
    /// How full the bar is, 0 to 1.
    place: &'a dyn Fn(&Node) -> f64,
    /// Where the bar of all rows ends.
    tick: f64,
}

/// The lines of a box.
struct BoxText {
    condition: Vec<String>,
    facts: Vec<String>,
}

impl BoxText {
    /// All of them, and whether each is bold.
    fn lines(&self) -> impl Iterator<Item = (&String, bool)> {
        let bold = self.condition.iter().map(|line| (line, true));
        bold.chain(self.facts.iter().map(|line| (line, false)))
    }
}

impl<L: Label> ReadableTree<L> {
    fn svg<N: ColumnName>(&self, names: &[N], words: &Words<'_>) -> String {
        self.check_names(names.len());
        let nodes = &self.tree.nodes;
        let shown = self.shown();
        let conditions = self.turns(names, words.wording);
        let order = self.leaf_order();
        let letters = ((WIDEST - 20.0) / LETTER) as usize;
        let boxes: Vec<BoxText> = conditions
            .iter()
            .enumerate()
            .map(|(i, condition)| BoxText {
                condition: wrapped(condition, letters),
                facts: wrapped(&self.second_line(i, &order, words), letters),
            })
            .collect();
        let longest = boxes.iter().flat_map(BoxText::lines);
        let longest = longest.map(|(line, _)| letters_of(line));
        // A word that is longer than the widest line makes the boxes wider, so that none is cut.
        let wide = longest.max().unwrap_or(0) as f64 * LETTER + 20.0;
        let wide = wide.max(NARROWEST);
        let most = boxes.iter().map(|text| text.lines().count()).max();
        let box_height = most.unwrap_or(0) as f64 * LINE + BAR_ROOM;
        let (columns, heights) = self.places(&order, &shown);
        let x = |i: usize| MARGIN + columns[i] as f64 * (wide + BETWEEN);
        let y = |i: usize| HEADER + heights[i] * (box_height + GAP);
        let deepest = columns.iter().copied().max().unwrap_or(0);
        let width = 2.0 * MARGIN + wide + deepest as f64 * (wide + BETWEEN);
        let width = width.max(letters_of(&words.title) as f64 * LETTER + 2.0 * MARGIN);
        let height = HEADER + self.leaf_count() as f64 * (box_height + GAP) + MARGIN;

        let mut svg = String::new();
        let _ = writeln!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"Helvetica, Arial, 'Liberation Sans', sans-serif\" font-size=\"12\" role=\"img\">"
        );
        let title = escaped(&words.title);
        let _ = writeln!(svg, "<title>{title}</title>");
        let _ = writeln!(
            svg,
            "<rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>"
        );
        let _ = writeln!(
            svg,
            "<text x=\"{MARGIN}\" y=\"26\" fill=\"#444444\">{title}</text>"
        );
        // Lines first, so that boxes lie on them.
        for &i in &shown {
            for child in self.ways(i).into_iter().map(|way| way.to) {
                let thick = 1.0 + 9.0 * self.coverage(&nodes[child]);
                let (x1, y1) = (x(i) + wide, y(i) + box_height / 2.0);
                let (x2, y2) = (x(child), y(child) + box_height / 2.0);
                let middle = (x1 + x2) / 2.0;
                let _ = writeln!(
                    svg,
                    "<path d=\"M{x1:.1} {y1:.1}C{middle:.1} {y1:.1} {middle:.1} {y2:.1} {x2:.1} {y2:.1}\" fill=\"none\" stroke=\"#b8b8b8\" stroke-width=\"{thick:.1}\"/>"
                );
            }
        }
        for &i in &shown {
            let place = (x(i), y(i), wide, box_height);
            self.write_box(i, place, &boxes[i], words, &mut svg);
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// For each node the condition that leads there from its parent.
    fn turns<N: ColumnName>(&self, names: &[N], wording: Wording<'_>) -> Vec<String> {
        let all = put(wording.phrases.all, &[("rows", wording.rows)]);
        let mut turns = vec![all; self.tree.nodes.len()];
        let closed = self.closed();
        for way in self.shown().into_iter().flat_map(|node| self.ways(node)) {
            turns[way.to] = self.condition(way, &closed).to_text(names);
        }
        turns
    }

    fn second_line(&self, i: usize, order: &[usize], words: &Words<'_>) -> String {
        let node = &self.tree.nodes[i];
        let mut line = told(node, words.wording, words.fact);
        if node.is_leaf() && self.tree.nodes.len() > 1 {
            let (leaf, value) = (order[i].to_string(), (words.value)(node.value));
            let given = [("leaf", &*leaf), ("value", &*value)];
            line += &put(words.wording.phrases.leaf_in_box, &given);
        }
        line
    }

    /// For each node its level, and how many leaves' room lies above it: leaves take one each,
    /// an inner node stands between its first child and its last.
    fn places(&self, order: &[usize], shown: &[usize]) -> (Vec<usize>, Vec<f64>) {
        let nodes = &self.tree.nodes;
        let mut levels = vec![0; nodes.len()];
        for &i in shown {
            for way in self.ways(i) {
                levels[way.to] = levels[i] + 1;
            }
        }
        // Children come after their parent, so going backwards meets them first.
        let mut heights = vec![0.0; nodes.len()];
        for &i in shown.iter().rev() {
            let ways = self.ways(i);
            heights[i] = match (ways.first(), ways.last()) {
                (Some(first), Some(last)) => (heights[first.to] + heights[last.to]) / 2.0,
                _ => order[i] as f64 - 1.0,
            };
        }
        (levels, heights)
    }

    fn write_box(
        &self,
        i: usize,
        (x, y, wide, high): (f64, f64, f64, f64),
        text: &BoxText,
        words: &Words<'_>,
        svg: &mut String,
    ) {
        let node = &self.tree.nodes[i];
        let place = (words.place)(node).clamp(0.0, 1.0);
        let colour = if place > words.tick { ORANGE } else { BLUE };
        let (round, edge) = if node.is_leaf() {
            (8, colour)
        } else {
            (2, "#777777")
        };
        let title = format!("{}: {}", text.condition.join(" "), text.facts.join(" "));
        let _ = writeln!(svg, "<g><title>{}</title>", escaped(&title));
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" rx=\"{round}\" fill=\"#ffffff\" stroke=\"{edge}\" stroke-width=\"1.5\"/>"
        );
        for (number, (line, bold)) in text.lines().enumerate() {
            let style = match bold {
                true => "font-weight=\"bold\" fill=\"#111111\"",
                false => "fill=\"#333333\"",
            };
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" {style}>{}</text>",
                x + 10.0,
                y + 2.0 + LINE * (number + 1) as f64,
                escaped(line)
            );
        }
        let (bar, top) = (wide - 20.0, y + high - 14.0);
        for (length, fill) in [(bar, "#e6e6e6"), (bar * place, colour)] {
            let _ = writeln!(
                svg,
                "<rect x=\"{:.1}\" y=\"{top:.1}\" width=\"{length:.1}\" height=\"6\" fill=\"{fill}\"/>",
                x + 10.0
            );
        }
        let tick = x + 10.0 + bar * words.tick.clamp(0.0, 1.0);
        let _ = writeln!(
            svg,
            "<path d=\"M{tick:.1} {:.1}v10\" stroke=\"#111111\" stroke-width=\"1.5\"/></g>",
            top - 2.0
        );
    }
}

/// Whether a letter is as wide as two: Chinese characters and their signs.
fn is_wide(letter: char) -> bool {
    letter >= '\u{2e80}'
}

/// How many letters wide a text is.
fn letters_of(text: &str) -> usize {
    text.chars().map(|c| 1 + usize::from(is_wide(c))).sum()
}

/// Text in parts that lines may be broken between, each with whether a blank stands before it: words, and every
/// letter of a language that has no blanks, but for its signs, with which no line begins.
fn parts(text: &str) -> Vec<(bool, &str)> {
    let mut parts = Vec::new();
    for word in text.split(' ') {
        let (mut start, mut blank, mut before) = (0, true, None);
        for (at, letter) in word.char_indices() {
            let breaks = before.is_some_and(|before| is_wide(before) || is_wide(letter));
            let sign = matches!(letter, '，' | '。' | '；' | '：' | '、' | '）' | '”' | '%');
            let opened = matches!(before, Some('（' | '“'));
            if breaks && !sign && !opened {
                parts.push((blank, &word[start..at]));
                (start, blank) = (at, false);
            }
            before = Some(letter);
        }
        parts.push((blank, &word[start..]));
    }
    parts
}

/// Text as lines of at most so many letters, broken between words; a longer word has a line alone.
fn wrapped(text: &str, letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut length = 0;
    for (blank, word) in parts(text) {
        let (more, gap) = (letters_of(word), usize::from(blank));
        match lines.last_mut() {
            Some(line) if length + gap + more <= letters => {
                if blank {
                    line.push(' ');
                }
                line.push_str(word);
                length += gap + more;
            }
            _ => {
                lines.push(word.to_string());
                length = more;
            }
        }
    }
    lines
}

/// Text as XML has it. Characters that XML cannot hold become spaces.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(' '),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
