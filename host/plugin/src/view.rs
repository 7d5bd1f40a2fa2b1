//! Who sees events through a view, and what the view says of that (`wit/v0.1/view.wit`).

/// Somebody who wants to see events through a view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscriber {
    /// Who a token says they are; empty for somebody without one.
    pub principal: String,
    /// What the token says of them, name and value.
    pub claims: Vec<(String, String)>,
    /// What they ask for, name and value. Nothing of it was checked.
    pub parameters: Vec<(String, String)>,
}

/// What a view says of a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Classified {
    /// It sees what this class sees.
    Class(String),
    /// It sees nothing, for this reason.
    Refused(String),
}

/// Why a view did not judge events. None of them may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unjudged {
    /// It cannot go on at the moment, for this reason: it is to be asked again.
    Later(String),
    /// It kept failing and is out.
    Out(String),
}
