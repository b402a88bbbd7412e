/** Kind of the next item in a message. */
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
  /** Object of the caller, by number; its plain data follows. */
  owned: 20,
  /** Object of the caller, by number, that the worker only passes on. The result of a serde may follow. */
  opaque: 21,
  function: 22,
  /** Serde of the caller. */
  serde: 23,
  /** Error thrown by a function of the caller. */
  failure: 24,
  // From the worker.
  /** Object of the caller that comes back, by number. */
  yours: 30,
  /** Object that stays in the worker and is called there. */
  remote: 31,
  /** Value as stored, to be decoded by the caller. */
  stored: 32,
  signal: 33,
} as const
