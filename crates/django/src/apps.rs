#![allow(missing_docs)]
pub struct Apps;
impl Apps {
    pub fn find(_: &tuneup_python::Project) -> Self {
        Self
    }
}
