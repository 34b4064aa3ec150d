//! Lines over a logarithmic scale.

use std::path::Path;

use plotters::coord::combinators::BindKeyPoints;
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::{FAINT, INK};
use crate::server::Failed;
use crate::table::thousands;

/// A line, named in the legend.
pub struct Line {
    name: &'static str,
    colour: RGBColor,
    dashed: bool,
    pub points: Vec<(f64, f64)>,
}

impl Line {
    pub fn new(name: &'static str, colour: RGBColor, points: Vec<(f64, f64)>) -> Self {
        Self { name, colour, dashed: false, points }
    }

    pub fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }

    /// Where the line is interrupted, in pixels of line and of gap.
    fn dashes(&self) -> (i32, i32) {
        if self.dashed { (7, 5) } else { (1_000, 0) }
    }
}

/// Lines from zero up, with their legend.
pub struct Chart {
    pub title: &'static str,
    /// What is counted to the right.
    pub across: &'static str,
    /// What is counted upwards.
    pub up: &'static str,
    /// What is written along the scale; the first and the last are its ends.
    pub ticks: Vec<f64>,
    pub lines: Vec<Line>,
}

impl Chart {
    pub fn draw(&self, file: &Path) -> Result<(), Failed> {
        let (Some(first), Some(last)) = (self.ticks.first(), self.ticks.last()) else {
            return Err(format!("{}: there is nothing to draw", self.title).into());
        };
        if self.lines.iter().any(|line| line.points.is_empty()) {
            return Err(format!("{}: a line has no points", self.title).into());
        }
        let points = self.lines.iter().flat_map(|line| &line.points);
        let highest = points.fold(0.0_f64, |highest, (_, y)| highest.max(*y));
        // The legend is above all lines: a line of it takes about 20 of the 370 pixels there are.
        let legend = (20.0 * self.lines.len() as f64 + 15.0) / 370.0;
        // Some room at the right, so that the last number is not cut off.
        let across = (*first..last * 1.02).log_scale().with_key_points(self.ticks.clone());
        let root = SVGBackend::new(file, (800, 480)).into_drawing_area();
        root.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&root)
            .caption(self.title, ("sans-serif", 22).into_font().color(&INK))
            .margin(16)
            .margin_right(40)
            .x_label_area_size(48)
            .y_label_area_size(80)
            .build_cartesian_2d(across, 0.0..highest / (1.0 - legend))?;
        let small = ("sans-serif", 16).into_font().color(&INK);
        chart
            .configure_mesh()
            .bold_line_style(FAINT)
            .light_line_style(TRANSPARENT)
            .axis_style(INK)
            .label_style(small.clone())
            .axis_desc_style(small.clone())
            .x_desc(self.across)
            .y_desc(self.up)
            .x_label_formatter(&|x| thousands(*x))
            .y_label_formatter(&|y| thousands(*y))
            .draw()?;
        for line in &self.lines {
            let (style, (length, gap)) = (line.colour.stroke_width(3), line.dashes());
            let (fill, points) = (line.colour.filled(), line.points.clone());
            let dots = points.iter().map(|point| Circle::new(*point, 4, fill));
            chart.draw_series(dots)?;
            let series = DashedLineSeries::new(points, length, gap, style);
            chart.draw_series(series)?.label(line.name).legend(move |(x, y)| {
                let ends = [(x + 4, y), (x + 40, y)];
                DashedPathElement::new(ends, length, gap, style)
            });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.85))
            .label_font(small)
            .legend_area_size(44)
            .draw()?;
        Ok(root.present()?)
    }
}
