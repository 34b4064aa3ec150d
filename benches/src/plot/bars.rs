//! All ratios beside what they must reach.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{BLUE, FAINT, INK, ORANGE};
use crate::bars;
use crate::report::Report;
use crate::server::Failed;
use crate::table::short;

const WIDTH: i32 = 860;
const ROW: i32 = 24;
/// Where the bars begin, and how long one is that just reaches what it should.
const LEFT: i32 = 400;
const UNIT: i32 = 105;
/// Longer bars end here.
const LONGEST: f64 = 3.0;
const TOP: i32 = 80;

fn text(size: i32, across: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&INK).pos(Pos::new(across, VPos::Center))
}

/// One bar for each ratio.
pub fn draw(file: &Path, reports: &[Report]) -> Result<(), Failed> {
    let rows = bars::rows();
    let found = rows.iter().filter_map(|row| {
        let ratio = reports.iter().find_map(|report| row.result(report))?.ratio;
        Some((row, row.must?, ratio))
    });
    let found: Vec<_> = found.collect();
    let bottom = TOP + ROW * found.len() as i32;
    let root = SVGBackend::new(file, (WIDTH as u32, (bottom + 56) as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let title = "What each comparison reached of what it must";
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
    for (place, (row, must, ratio)) in found.into_iter().enumerate() {
        let y = TOP + ROW * place as i32 + ROW / 2;
        let length = |reached: f64| LEFT + (reached.min(LONGEST) * f64::from(UNIT)) as i32;
        let end = length(must.reached(ratio));
        let colour = if must.reached(ratio) >= 1.0 { BLUE } else { ORANGE };
        root.draw(&Rectangle::new([(LEFT, y - 7), (end, y + 7)], colour.filled()))?;
        if let Some(aim) = row.aim {
            // What reaches the aim is so long.
            let x = length(must.reached(ratio) / aim.reached(ratio));
            root.draw(&PathElement::new([(x, y - 9), (x, y + 9)], INK.stroke_width(2)))?;
        }
        root.draw(&Text::new(row.name, (LEFT - 8, y), text(14, HPos::Right)))?;
        let figures = format!("{} ({must})", short(ratio));
        let right = LEFT + LONGEST as i32 * UNIT + 10;
        root.draw(&Text::new(figures, (right, y), text(14, HPos::Left)))?;
    }
    let scale =
        "1 is what it must be, longer is better; a mark is what it should become; bars end at 3";
    root.draw(&Text::new(scale, (WIDTH / 2, bottom + 38), text(15, HPos::Center)))?;
    Ok(root.present()?)
}
