//! All ratios beside what they should reach.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{BLUE, FAINT, INK, ORANGE};
use crate::report::{Ratio, Report};
use crate::server::Failed;

const WIDTH: i32 = 800;
const ROW: i32 = 24;
/// Where the bars begin, and how long one is that just reaches what it should.
const LEFT: i32 = 340;
const UNIT: i32 = 105;
/// Longer bars end here.
const LONGEST: f64 = 3.0;
const TOP: i32 = 80;

fn text(size: i32, across: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK).pos(Pos::new(across, VPos::Center))
}

/// Three digits, or all that stand before the point.
fn short(value: f64) -> String {
    let before = value.abs().max(f64::MIN_POSITIVE).log10().floor() as i32;
    format!("{value:.0$}", (2 - before).max(0) as usize)
}

/// One bar for each ratio.
pub fn draw(file: &Path, reports: &[Report]) -> Result<(), Failed> {
    let ratios: Vec<&Ratio> = reports.iter().flat_map(|report| &report.ratios).collect();
    let bottom = TOP + ROW * ratios.len() as i32;
    let root = SVGBackend::new(file, (WIDTH as u32, (bottom + 56) as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let title = "What each comparison reached of what it should";
    root.draw(&Text::new(title, (WIDTH / 2, 24), text(22, HPos::Center)))?;
    let legend = [("reached", BLUE, LEFT), ("missed", ORANGE, LEFT + UNIT)];
    for (word, colour, x) in legend {
        root.draw(&Rectangle::new([(x, 50), (x + 14, 64)], colour.filled()))?;
        root.draw(&Text::new(word, (x + 20, 57), text(15, HPos::Left)))?;
    }
    for mark in 0..=LONGEST as i32 {
        let x = LEFT + mark * UNIT;
        let colour = if mark == 1 { INK } else { FAINT };
        root.draw(&PathElement::new([(x, TOP), (x, bottom)], colour))?;
        root.draw(&Text::new(mark.to_string(), (x, bottom + 14), text(15, HPos::Center)))?;
    }
    for (row, ratio) in ratios.into_iter().enumerate() {
        let y = TOP + ROW * row as i32 + ROW / 2;
        let length = ratio.reached().min(LONGEST) * f64::from(UNIT);
        let end = LEFT + length as i32;
        let colour = if ratio.reached() >= 1.0 { BLUE } else { ORANGE };
        root.draw(&Rectangle::new([(LEFT, y - 7), (end, y + 7)], colour.filled()))?;
        root.draw(&Text::new(ratio.name.clone(), (LEFT - 8, y), text(15, HPos::Right)))?;
        let figures = format!("{} ({} {})", short(ratio.value), ratio.sign(), ratio.bar);
        let right = LEFT + LONGEST as i32 * UNIT + 10;
        root.draw(&Text::new(figures, (right, y), text(14, HPos::Left)))?;
    }
    let scale = "1 is enough, longer is better; bars end at 3";
    root.draw(&Text::new(scale, (LEFT, bottom + 38), text(15, HPos::Left)))?;
    Ok(root.present()?)
}
