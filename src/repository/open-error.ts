/**
 * A database that cannot be opened; the message is one line that names it. Waiting does not help.
 */
export class OpenError extends Error {
  override readonly name = 'OpenError'
}
