/** A type whose fields can be assigned while an object of it is made. */
export type Mutable<T> = { -readonly [Field in keyof T]: T[Field] }
