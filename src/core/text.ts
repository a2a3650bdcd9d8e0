/**
 * Text that every store gives back exactly: no NUL (SQLite's length() stops there) and no lone
 * surrogate.
 */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/** How long a text is, as the limits count. */
export const codePoints = (text: string): number => {
  let count = 0
  for (const _ of text) count += 1
  return count
}
