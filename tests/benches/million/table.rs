//! What was measured, as a table: a row a case, a column a size, and how much more the last is than the first.

use crate::world::Backend;

/// The table of one database.
pub struct Table {
    backend: Backend,
    sizes: Vec<u64>,
    rows: Vec<(String, Vec<Option<f64>>)>,
}

impl Table {
    pub fn new(backend: Backend, sizes: &[u64]) -> Table {
        Table { backend, sizes: sizes.to_vec(), rows: Vec::new() }
    }

    pub fn put(&mut self, row: &str, column: usize, value: f64) {
        let at = self.rows.iter().position(|(name, _)| name == row).unwrap_or_else(|| {
            self.rows.push((row.to_owned(), vec![None; self.sizes.len()]));
            self.rows.len() - 1
        });
        self.rows[at].1[column] = Some(value);
        eprintln!("{:?} {}: {row}: {}", self.backend, self.sizes[column], cell(value));
    }

    /// Milliseconds, but for rates; in Markdown.
    pub fn print(&self) {
        println!("\n### {:?}\n", self.backend);
        let heads: Vec<String> = self.sizes.iter().map(|size| format!("{size} organizations")).collect();
        println!("| median, ms | {} | last : first | to page 1 |", heads.join(" | "));
        println!("|---|{}--:|--:|", "--:|".repeat(heads.len()));
        for (name, values) in &self.rows {
            let cells: Vec<String> = values.iter().map(|value| value.map_or("-".to_owned(), cell)).collect();
            let growth = match (values.first().copied().flatten(), values.last().copied().flatten()) {
                (Some(first), Some(last)) if values.len() > 1 => format!("{:.2}", last / first),
                _ => "-".to_owned(),
            };
            println!("| {name} | {} | {growth} | {} |", cells.join(" | "), self.to_first_page(name, values));
        }
    }

    /// A page of the largest size, by the first one.
    fn to_first_page(&self, name: &str, values: &[Option<f64>]) -> String {
        let Some((walk, _)) = name.rsplit_once(", page ") else { return "-".to_owned() };
        let first = self.rows.iter().find(|(other, _)| *other == format!("{walk}, page 1"));
        let first = first.and_then(|(_, values)| values.last().copied().flatten());
        match (first, values.last().copied().flatten()) {
            (Some(first), Some(page)) => format!("{:.2}", page / first),
            _ => "-".to_owned(),
        }
    }
}

fn cell(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
