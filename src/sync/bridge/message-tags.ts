/** What follows in a message. */
export const Tag = {
  undefined: 0,
  null: 1,
  true: 2,
  false: 3,
  integer: 4,
  double: 5,
  bigint: 6,
  text: 7,
  bytes: 8,
  buffer: 9,
  date: 10,
  array: 11,
  map: 12,
  set: 13,
  object: 14,
  error: 15,
  // From the caller.
  /** An object of the caller, by number; as plain data it follows. */
  owned: 20,
  /** An object of the caller, by number, that the worker only hands on. What a serde made of it may follow. */
  opaque: 21,
  function: 22,
  /** A serde of the caller. */
  serde: 23,
  /** An error that a function of the caller threw. */
  failure: 24,
  // From the worker.
  /** An object of the caller that comes back, by number. */
  yours: 30,
  /** An object that stays in the worker and is called there. */
  remote: 31,
  /** A value as stored, to be decoded by the caller. */
  stored: 32,
  signal: 33,
} as const
