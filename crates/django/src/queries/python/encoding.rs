//! `json.dumps(value, cls=Encoder)`: the encoder's `default` is asked for each object that JSON cannot hold.
//!
//! <https://docs.python.org/3/library/json.html#json.JSONEncoder.default>

use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

/// How deep what `default` gives is encoded again.
const DEEPEST: usize = 6;

impl<'p> Machine<'p> {
    /// Encodes a value with an encoder's class.
    pub(crate) fn encode(&mut self, frame: &mut Frame<'p>, value: Value, encoder: Value, call: CallSite) {
        if let Shape::Class(class) = *self.values.shape(encoder) {
            let encoder = self.make_object(frame, class, &Arguments::default(), call);
            self.encode_within(frame, value, encoder, DEEPEST);
        }
    }

    fn encode_within(&mut self, frame: &mut Frame<'p>, value: Value, encoder: Value, depth: usize) {
        if depth == 0 {
            return;
        }
        for member in self.values.members(value) {
            match self.values.shape(member).clone() {
                Shape::Mapping { known, rest, .. } => {
                    for &(_, value) in known.iter() {
                        self.encode_within(frame, value, encoder, depth - 1);
                    }
                    self.encode_within(frame, rest, encoder, depth - 1);
                }
                Shape::Tuple(items) => {
                    for &item in items.iter() {
                        self.encode_within(frame, item, encoder, depth - 1);
                    }
                }
                Shape::Sequence(item) => {
                    let item = self.any_of(item);
                    self.encode_within(frame, item, encoder, depth - 1);
                }
                Shape::Row(_) | Shape::Queryset(_) | Shape::Object(..) => {
                    let arguments = Arguments { positional: vec![member], ..Arguments::default() };
                    let plain = self.call_named(frame, encoder, "default", &arguments);
                    self.encode_within(frame, plain, encoder, depth - 1);
                }
                _ => {}
            }
        }
    }
}
