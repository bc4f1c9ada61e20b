//! String literals, f-strings and template strings.

use ruff_python_ast::{self as ast, ConversionFlag, FStringPart, InterpolatedStringElement};
use ruff_text_size::{Ranged, TextRange};

use super::super::ir::{Expr, ExprKind, Run};
use super::Lowering;
use crate::symbol::Symbol;

/// Texts longer than this (in bytes) are not kept, since a kept text stays until the process ends.
const LONGEST_TEXT: usize = 2000;

impl<'a> Lowering<'a> {
    pub(super) fn string(&mut self, literal: &'a ast::ExprStringLiteral) -> Expr {
        self.text(literal.value.to_str(), literal.range)
    }

    fn text(&mut self, text: &'a str, range: TextRange) -> Expr {
        if text.len() > LONGEST_TEXT {
            return self.node(ExprKind::FString(Run::default()), range);
        }
        let symbol = self.symbol(text);
        self.node(ExprKind::Str(symbol), range)
    }

    pub(super) fn fstring(&mut self, string: &'a ast::ExprFString) -> ExprKind {
        let mark = self.exprs.len();
        for part in &string.value {
            match part {
                FStringPart::Literal(literal) => {
                    let literal = self.text(literal.as_str(), literal.range);
                    self.exprs.push(literal);
                }
                FStringPart::FString(string) => self.elements(&string.elements, true),
            }
        }
        ExprKind::FString(self.take_exprs(mark))
    }

    /// A template string holds the values themselves: nothing is converted to text.
    pub(super) fn tstring(&mut self, string: &'a ast::ExprTString) -> ExprKind {
        let mark = self.exprs.len();
        for string in &string.value {
            self.elements(&string.elements, false);
        }
        ExprKind::Opaque(self.take_exprs(mark))
    }

    /// Puts the parts of a string on the stack of values; those of format specifications follow their value.
    fn elements(&mut self, elements: &'a ast::InterpolatedStringElements, formatted: bool) {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(literal) => {
                    if formatted {
                        let literal = self.text(&literal.value, literal.range);
                        self.exprs.push(literal);
                    }
                }
                InterpolatedStringElement::Interpolation(element) => {
                    self.interpolation(element, formatted);
                }
            }
        }
    }

    fn interpolation(&mut self, element: &'a ast::InterpolatedElement, formatted: bool) {
        // Its own text is a part of the string as well, as it is of what a template string holds.
        let text = match &element.debug_text {
            Some(debug) if formatted => Some(ExprKind::Str(Symbol::new(debug.as_str()))),
            None if formatted => None,
            _ => Some(ExprKind::FString(Run::default())),
        };
        if let Some(text) = text {
            let text = self.node(text, element.range);
            self.exprs.push(text);
        }
        let mut value = self.expr(&element.expression);
        if formatted {
            let is_str = match element.conversion {
                ConversionFlag::Str => true,
                ConversionFlag::Ascii | ConversionFlag::Repr => false,
                // `{value=}` alone shows the representation.
                ConversionFlag::None => element.debug_text.is_none() || element.format_spec.is_some(),
            };
            value = self.node(ExprKind::Format(value, is_str), element.range);
        }
        self.exprs.push(value);
        if let Some(spec) = &element.format_spec {
            let mark = self.exprs.len();
            self.deeper(|this| {
                for element in &spec.elements {
                    if let InterpolatedStringElement::Interpolation(element) = element {
                        this.interpolation(element, true);
                    }
                }
            });
            if self.exprs.len() > mark {
                let parts = self.take_exprs(mark);
                let parts = self.node(ExprKind::Opaque(parts), spec.range());
                self.exprs.push(parts);
            }
        }
    }
}
