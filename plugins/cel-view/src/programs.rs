//! Owns compiled expressions: the same one is compiled once, as long as there is room.
use std::collections::HashMap;

use tidemill_cel_expression::Program;

/// Bytes of the expressions that are kept compiled; what is made of them takes about a hundred times as much of the
/// plugin's memory.
const BYTES_MAX: usize = 64 << 10;
/// Bytes that each counts beside its text.
const BASE_BYTES: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Programs {
    compiled: HashMap<String, Program>,
    bytes: usize,
}

impl Programs {
    /// The program of an expression, or what is wrong with it.
    pub(crate) fn get(&mut self, expression: &str) -> Result<&Program, String> {
        if !self.compiled.contains_key(expression) {
            let program = Program::compile(expression)?;
            let bytes = expression.len() + BASE_BYTES;
            if self.bytes + bytes > BYTES_MAX {
                self.compiled.clear();
                self.bytes = 0;
            }
            self.bytes += bytes;
            self.compiled.insert(expression.to_owned(), program);
        }
        self.compiled.get(expression).ok_or_else(|| "it is not there any more".into())
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.compiled.len()
    }
}
