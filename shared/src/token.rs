//! Tokens of people who may change something: how one is made, the lines of the tokens file, and which of them a secret is.
//! Does *not* read a clock.
//!
//! A line is `NAME SCOPE SHA256 [EXPIRES]`; empty lines and those that begin with `#` say nothing. Only a hash is kept: a
//! secret has 244 random bits, so a plain SHA-256 of it can neither be reversed nor guessed.

use std::{fmt, fs, path::Path, str::FromStr};

use chrono::{Days, NaiveDate, NaiveTime};
use ebs_domain::time::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::clock::Chance;

/// The longest secret that is looked at, in bytes.
pub const MAX_SECRET_BYTES: usize = 256;

/// The longest name, in characters.
const MAX_NAME: usize = 64;

/// The longest file, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024;

/// Most tokens in a file.
const MAX_TOKENS: usize = 1_000;

/// What a token is for. Each holds those before it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// To read what is not for everybody: the audit.
    Read,
    /// To change things.
    Operate,
}

/// One line of the tokens file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    name: String,
    scope: Scope,
    hash: Hash,
    expires: Option<NaiveDate>,
}

/// The SHA-256 of a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Hash([u8; 32]);

/// All lines of a tokens file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens(Vec<Token>);

/// A tokens file, or a word for one, that cannot be read. Tells nothing of its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// A line is none.
    #[error("line {line} of the tokens: {fault}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A word is none.
    #[error("{0}")]
    Word(&'static str),
    /// The file is missing, forbidden, too long or no text.
    #[error("cannot read the tokens in {path}: {why}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// There are more lines than anybody needs.
    #[error("there are more than {MAX_TOKENS} tokens")]
    TooMany,
}

/// A new secret that nobody can guess: 64 hexadecimal digits, from 366 random bits.
#[must_use]
pub fn secret(chance: &dyn Chance) -> String {
    let mut drawn = Sha256::new();
    (0..3).for_each(|_| drawn.update(chance.uuid().as_bytes()));
    format!("{:?}", Hash(drawn.finalize().into()))
}

/// What a secret is kept as: the hexadecimal digits of its SHA-256.
#[must_use]
pub fn hashed(secret: &str) -> String {
    format!("{:?}", Hash::of(secret))
}

/// Whether a text has the form of [`secret`].
#[must_use]
pub fn is_secret(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == 64 && text.bytes().all(digit)
}

/// Reads a tokens file.
///
/// # Errors
///
/// What is wrong with it, without any of its content.
pub fn read(path: &Path) -> Result<Tokens, TokenFault> {
    let fault = |why: String| TokenFault::File { path: path.display().to_string(), why };
    let size = fs::metadata(path).map_err(|error| fault(error.to_string()))?.len();
    if size > MAX_FILE_BYTES {
        return Err(fault(format!("it is longer than {MAX_FILE_BYTES} bytes")));
    }
    fs::read_to_string(path).map_err(|error| fault(error.to_string()))?.parse()
}

impl Token {
    /// A new token, and its secret, which is kept nowhere.
    ///
    /// # Errors
    ///
    /// The name is none.
    pub fn make(
        name: &str,
        scope: Scope,
        expires: Option<NaiveDate>,
        chance: &dyn Chance,
    ) -> Result<(String, Self), TokenFault> {
        let name = checked_name(name).map_err(TokenFault::Word)?;
        let secret = format!("ebs_{}{}", chance.uuid().simple(), chance.uuid().simple());
        let hash = Hash::of(&secret);
        Ok((secret, Self { name, scope, hash, expires }))
    }

    /// Whose it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// When it ends: with its last day, UTC.
    fn end(&self) -> Option<Timestamp> {
        let day = self.expires.and_then(|day| day.checked_add_days(Days::new(1)))?;
        Some(Timestamp::from_millis(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()))
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.end().is_some_and(|end| now >= end)
    }

    fn read(line: &str) -> Result<Self, &'static str> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (name, scope, hash, expires) = match words.as_slice() {
            [name, scope, hash] => (name, scope, hash, None),
            [name, scope, hash, expires] => (name, scope, hash, Some(*expires)),
            _ => return Err("`NAME SCOPE SHA256 [EXPIRES]` is expected"),
        };
        let day = |text: &str| text.parse().map_err(|_| "the day of expiry is no `YYYY-MM-DD`");
        Ok(Self {
            name: checked_name(name)?,
            scope: scope
                .parse()
                .map_err(|_: TokenFault| "the scope is neither `read` nor `operate`")?,
            hash: Hash::read(hash).ok_or("the hash has not 64 hexadecimal digits")?,
            expires: expires.map(day).transpose()?,
        })
    }
}

impl fmt::Display for Token {
    /// Its line in the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.name, self.scope, self.hash)?;
        self.expires.map_or(Ok(()), |day| write!(f, " {day}"))
    }
}

impl Tokens {
    /// When the first of those that have an end and are not over ends.
    #[must_use]
    pub fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        let ends = self.0.iter().filter_map(Token::end);
        ends.filter(|end| *end > now).min()
    }

    /// Which token a secret is, if it is one that has not expired. All are compared, each whole, so that the time it takes
    /// says nothing.
    #[must_use]
    pub fn find(&self, secret: &str, now: Timestamp) -> Option<&Token> {
        let hash = Hash::of(secret);
        let mut found = None;
        for token in &self.0 {
            if bool::from(token.hash.0.ct_eq(&hash.0)) {
                found = Some(token);
            }
        }
        found.filter(|token| !token.is_over(now))
    }
}

impl FromStr for Tokens {
    type Err = TokenFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut tokens = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if tokens.len() == MAX_TOKENS {
                return Err(TokenFault::TooMany);
            }
            let token = Token::read(line);
            tokens.push(token.map_err(|fault| TokenFault::Line { line: number + 1, fault })?);
        }
        Ok(Self(tokens))
    }
}

impl Hash {
    fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    fn read(text: &str) -> Option<Self> {
        let digits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut bytes = [0; 32];
        for (n, byte) in bytes.iter_mut().enumerate().filter(|_| digits) {
            *byte = u8::from_str_radix(text.get(2 * n..2 * n + 2)?, 16).ok()?;
        }
        digits.then_some(Self(bytes))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Scope {
    type Err = TokenFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "read" => Ok(Self::Read),
            "operate" => Ok(Self::Operate),
            _ => Err(TokenFault::Word("a scope is `read` or `operate`")),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Operate => "operate",
        })
    }
}

/// Names stand in the audit and in logs.
fn checked_name(name: &str) -> Result<String, &'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(fits) {
        return Err("a name has 1 to 64 letters, digits, `.`, `_`, `-` or `@`");
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests;
