//! Objects by which Ruby's garbage collector learns of what the library keeps in statics.

use magnus::gc::Marker;
use magnus::{DataType, DataTypeFunctions, RClass, Ruby, TypedData};

/// Marks what is kept somewhere.
struct Root(fn(&Marker));

impl DataTypeFunctions for Root {
    fn mark(&self, marker: &Marker) {
        (self.0)(marker);
    }
}

// SAFETY: the class is none that makes objects of this type itself, and the data type is Root's.
unsafe impl TypedData for Root {
    fn class(ruby: &Ruby) -> RClass {
        ruby.class_object()
    }

    fn data_type() -> &'static DataType {
        static TYPE: DataType = DataType::builder::<Root>(c"EventMachine objects in use")
            .mark()
            .free_immediately()
            .build();
        &TYPE
    }
}

/// Has each collection of garbage call `mark`, from now on.
pub(crate) fn add(ruby: &Ruby, mark: fn(&Marker)) {
    let root = ruby.obj_wrap(Root(mark));
    ruby.gc_register_mark_object(root);
}
