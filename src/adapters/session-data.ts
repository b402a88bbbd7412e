/** What a store needs to know of a session. */
export interface SessionData {
  /** The session's cookie: until when it is valid. */
  readonly cookie?: { readonly expires?: Date | string | number | boolean | null | undefined }
}

/** Turns sessions into text and back. */
export interface SessionSerializer {
  /** Returns the text that is stored. */
  stringify(session: object): string
  /** Returns the session that a text stands for. */
  parse(text: string): unknown
}
