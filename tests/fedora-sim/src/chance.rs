//! Chance as a function of its inputs: the same seed and words give the same number, whatever happened before.

/// A number that depends on the seed and all the words, and on nothing else.
#[must_use]
pub fn draw(seed: u64, words: &[&str]) -> u64 {
    // FNV-1a over the words, each ended by a byte that no text holds, then SplitMix64's finish to spread the bits.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for word in words {
        for byte in word.bytes().chain(std::iter::once(0xff)) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// A number of at least `low` and at most `high`, evenly drawn; `low` if the range is empty.
#[must_use]
pub fn between(seed: u64, words: &[&str], low: u64, high: u64) -> u64 {
    match high.checked_sub(low) {
        None => low,
        Some(span) => low + draw(seed, words) % span.saturating_add(1),
    }
}

/// Whether something of the given likelihood (0 to 1) happens.
#[must_use]
pub fn happens(seed: u64, words: &[&str], likelihood: f64) -> bool {
    // 32 bits are plenty, and convert without loss.
    let bits = u32::try_from(draw(seed, words) >> 32).unwrap_or(u32::MAX);
    f64::from(bits) < likelihood * (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests;
