/** The message of whatever was thrown. Never throws, though what was thrown may be a `Proxy` or have a getter that does. */
export function messageOf(thrown: unknown): string {
  try {
    // A message need not be text: it is a member like any other.
    const said: unknown = thrown instanceof Error ? thrown.message : thrown
    return String(said)
  } catch {
    return 'what was thrown has no message'
  }
}
