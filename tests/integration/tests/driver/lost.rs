//! What gets lost on the way.
