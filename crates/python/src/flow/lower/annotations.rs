//! Annotations, and the expressions that stand in their strings.

use ruff_python_ast::{self as ast, Expr as Ast, Operator};
use ruff_python_parser::typing::parse_type_annotation;
use ruff_text_size::Ranged;

use super::super::ir::{BinaryOp, Expr, ExprKind};
use super::Lowering;

/// Longer strings (in bytes) are no annotations that a person wrote, and are not parsed.
const LONGEST_ANNOTATION: usize = 1000;

impl<'a> Lowering<'a> {
    /// The value of an annotation. Strings in it are parsed, except where they are values themselves
    /// (`Literal["a"]`, the metadata of `Annotated`).
    pub(super) fn annotation(&mut self, annotation: &'a Ast) -> Expr {
        let range = annotation.range();
        match annotation {
            Ast::StringLiteral(literal) => {
                self.deeper(|this| this.string_annotation(literal)).unwrap_or_else(|| self.opaque(range))
            }
            Ast::Subscript(_)
            | Ast::Tuple(_)
            | Ast::List(_)
            | Ast::Starred(_)
            | Ast::BinOp(ast::ExprBinOp { op: Operator::BitOr, .. }) => {
                self.deeper(|this| this.compound_annotation(annotation)).unwrap_or_else(|| self.opaque(range))
            }
            _ => self.expr(annotation),
        }
    }

    fn string_annotation(&mut self, literal: &'a ast::ExprStringLiteral) -> Expr {
        if literal.range.len().to_usize() > LONGEST_ANNOTATION {
            return self.opaque(literal.range);
        }
        match parse_type_annotation(literal, self.source) {
            Ok(parsed) => {
                let annotations = self.annotations;
                let parsed = annotations.push_get(Box::new(parsed));
                self.annotation(parsed.expression())
            }
            Err(_) => self.opaque(literal.range),
        }
    }

    fn compound_annotation(&mut self, annotation: &'a Ast) -> Expr {
        let kind = match annotation {
            Ast::Subscript(subscript) => {
                let value = self.expr(&subscript.value);
                let index = self.annotation_index(subscript);
                ExprKind::Subscript(value, index)
            }
            Ast::BinOp(binary) => self.union(binary),
            Ast::Starred(starred) => ExprKind::Starred(self.annotation(&starred.value)),
            Ast::Tuple(tuple) => {
                let mark = self.exprs.len();
                self.annotation_list(&tuple.elts);
                ExprKind::Tuple(self.take_exprs(mark))
            }
            Ast::List(list) => {
                let mark = self.exprs.len();
                self.annotation_list(&list.elts);
                ExprKind::List(self.take_exprs(mark))
            }
            _ => return self.expr(annotation),
        };
        self.node(kind, annotation.range())
    }

    /// `a | b | c`, however long.
    fn union(&mut self, union: &'a ast::ExprBinOp) -> ExprKind {
        let mut alternatives = vec![&*union.right];
        let mut left = &*union.left;
        while let Ast::BinOp(ast::ExprBinOp { left: inner, op: Operator::BitOr, right, .. }) = left {
            alternatives.push(right);
            left = inner;
        }
        let mark = self.exprs.len();
        for alternative in std::iter::once(left).chain(alternatives.into_iter().rev()) {
            let alternative = self.annotation(alternative);
            self.exprs.push(alternative);
        }
        ExprKind::Binary(BinaryOp::BitOr, self.take_exprs(mark))
    }

    /// Puts the values of `annotations` on the stack of values.
    fn annotation_list(&mut self, annotations: &'a [Ast]) {
        for annotation in annotations {
            let annotation = self.annotation(annotation);
            self.exprs.push(annotation);
        }
    }

    fn annotation_index(&mut self, subscript: &'a ast::ExprSubscript) -> Expr {
        let generic = match &*subscript.value {
            Ast::Name(name) => name.id.as_str(),
            Ast::Attribute(attribute) => attribute.attr.as_str(),
            _ => "",
        };
        match (generic, &*subscript.slice) {
            ("Literal", values) => self.expr(values),
            ("Annotated", Ast::Tuple(tuple)) => {
                let mark = self.exprs.len();
                if let Some((annotation, metadata)) = tuple.elts.split_first() {
                    self.annotation_list(std::slice::from_ref(annotation));
                    for value in metadata {
                        let value = self.expr(value);
                        self.exprs.push(value);
                    }
                }
                let run = self.take_exprs(mark);
                self.node(ExprKind::Tuple(run), tuple.range)
            }
            (_, index) => self.annotation(index),
        }
    }
}
