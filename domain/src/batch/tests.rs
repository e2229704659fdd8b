mod play;
mod retrying;
mod tell;
