//! What tests across process borders need: real servers of their own, on 127.0.0.1, ended with the test.

pub mod postgres;
