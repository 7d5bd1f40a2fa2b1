//! Owns a compiled expression: its mistakes are found before the first event, and each event costs one evaluation.
//!
//! Knows nothing about configuration.
use std::{collections::HashSet, sync::Arc};

use cel::{
    Context, Env, ExecutionError, ParseErrors, Value,
    common::ast::{EntryExpr, Expr, IdedExpr},
};
use tidemill_sdk::Event;

use crate::variables::{NAMES, Variables};

/// A compiled expression with the functions that it may call.
pub struct Program {
    program: cel::Program,
    root: Context<'static, 'static>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Program").finish_non_exhaustive()
    }
}

thread_local! {
    /// The functions of the language, which all programs share.
    static ENV: Arc<Env> = Arc::new(Env::stdlib());
}

impl Program {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and where.
    pub fn compile(source: &str) -> Result<Self, String> {
        let env = ENV.with(Arc::clone);
        let program = env.compile(source).map_err(|errors| places(&errors))?;
        let mut bound: HashSet<&str> = NAMES.into();
        bind(program.expression(), &mut bound);
        let references = program.references();
        let mut unknown: Vec<_> = references.variables();
        unknown.retain(|name| !bound.contains(name) && env.types().find_type(name).is_none());
        unknown.sort_unstable();
        if let Some(name) = unknown.first() {
            let line = source.lines().position(|line| line.contains(name)).unwrap_or_default();
            let column = source.lines().nth(line).and_then(|line| line.find(name)).unwrap_or_default();
            let known = NAMES.join(", ");
            return Err(format!(
                "line {}, column {}: unknown variable `{name}`; there are {known}",
                line + 1,
                column + 1
            ));
        }
        let compiled = Self { root: Context::with_env(env), program };
        compiled.rehearse()?;
        Ok(compiled)
    }

    /// Whether it is true for the event.
    ///
    /// # Errors
    ///
    /// Why it cannot be said, mostly because a member is missing.
    pub fn decide(&self, event: &Event<'_>) -> Result<bool, ExecutionError> {
        let variables = Variables::new(*event);
        match self.evaluate(&variables)? {
            Value::Bool(keep) => Ok(keep),
            other => Err(ExecutionError::UnexpectedType { got: other.type_of().to_string(), want: "bool".into() }),
        }
    }

    /// How deep lists are gone through within lists: 0 without `exists`, `all`, `map` and their like.
    pub fn nesting(&self) -> usize {
        nesting(self.program.expression())
    }

    fn evaluate(&self, variables: &Variables<'_>) -> Result<Value, ExecutionError> {
        let mut context = self.root.new_inner_scope();
        context.set_variable_resolver(variables);
        self.program.execute(&context)
    }

    /// Finds what shows without an event: an answer that is never a boolean, a function that does not exist.
    fn rehearse(&self) -> Result<(), String> {
        let row = [0; 64];
        let Ok(batch) = tidemill_sdk::Batch::decode(&row, b"") else {
            return Ok(());
        };
        let Some(nothing) = batch.iter().next() else {
            return Ok(());
        };
        match self.evaluate(&Variables::new(nothing)) {
            Ok(Value::Bool(_)) => Ok(()),
            Ok(other) => Err(format!("must be true or false for each event, but this is of type {}", other.type_of())),
            Err(ExecutionError::UndeclaredReference(name)) if !NAMES.contains(&name.as_str()) => {
                Err(format!("there is no function `{name}`"))
            }
            // A missing member, most likely: there is no event yet.
            Err(_) => Ok(()),
        }
    }
}

fn places(errors: &ParseErrors) -> String {
    let places =
        errors.errors.iter().map(|error| format!("line {}, column {}: {}", error.pos.0, error.pos.1, error.msg));
    places.collect::<Vec<_>>().join("; ")
}

/// How deep comprehensions are within what others do for each item.
fn nesting(expression: &IdedExpr) -> usize {
    let deepest = |parts: &mut dyn Iterator<Item = &IdedExpr>| parts.map(nesting).max().unwrap_or_default();
    match &expression.expr {
        Expr::Call(call) => deepest(&mut call.target.iter().map(|target| &**target).chain(&call.args)),
        Expr::Comprehension(each) => {
            let once = [&each.iter_range, &each.accu_init, &each.result].map(nesting);
            let per_item = [&each.loop_cond, &each.loop_step].map(|part| 1 + nesting(part));
            once.into_iter().chain(per_item).max().unwrap_or_default()
        }
        Expr::List(list) => deepest(&mut list.elements.iter()),
        Expr::Map(map) => {
            let parts = map.entries.iter().flat_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
                EntryExpr::StructField(field) => vec![&field.value],
            });
            deepest(&mut parts.into_iter())
        }
        Expr::Select(select) => nesting(&select.operand),
        Expr::Struct(_) | Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => 0,
    }
}

/// The names that the expression itself introduces, as `item` in `data.items.exists(item, item.price > 1)`.
fn bind<'e>(expression: &'e IdedExpr, bound: &mut HashSet<&'e str>) {
    match &expression.expr {
        Expr::Call(call) => {
            call.target.iter().for_each(|target| bind(target, bound));
            call.args.iter().for_each(|argument| bind(argument, bound));
        }
        Expr::Comprehension(each) => {
            bound.extend([each.iter_var.as_str(), each.accu_var.as_str()]);
            bound.extend(each.iter_var2.as_deref());
            for part in [&each.iter_range, &each.accu_init, &each.loop_cond, &each.loop_step, &each.result] {
                bind(part, bound);
            }
        }
        Expr::List(list) => list.elements.iter().for_each(|element| bind(element, bound)),
        Expr::Map(map) => {
            for entry in &map.entries {
                match &entry.expr {
                    EntryExpr::MapEntry(entry) => {
                        bind(&entry.key, bound);
                        bind(&entry.value, bound);
                    }
                    EntryExpr::StructField(field) => bind(&field.value, bound),
                }
            }
        }
        Expr::Select(select) => bind(&select.operand, bound),
        Expr::Struct(_) | Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
    }
}
