//! Names of packages: a few hundred real ones, and as many made-up ones as are wanted beyond them.

/// Real names of source packages.
const REAL: &str = include_str!("../data/packages.txt");

/// `count` different names, sorted. The real ones are taken evenly from the whole list.
#[must_use]
pub fn names(count: usize) -> Vec<String> {
    let real: Vec<&str> = REAL.lines().filter(|line| !line.is_empty()).collect();
    let taken = count.min(real.len());
    let mut names: Vec<String> =
        (0..taken).map(|n| real[n * real.len() / taken].to_owned()).collect();
    names.extend((taken..count).map(|n| format!("generated-{n:05}")));
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests;
