import type { AbstractCursor } from 'mongodb'

/** The size of a text that is assumed before any was seen, in bytes. */
const ASSUMED_SIZE = 64 * 1024

/** The most that a first guess may come to for the texts to be read along, in bytes. */
const FIRST_GUESS = 1024 * 1024

/** One of the documents that were selected. */
export interface Item<T> {
  readonly document: T
  /** In bytes: of its text if that was read, else what the document takes in the database, which is about the same. */
  readonly size: number
  readonly text: string | undefined
}

export interface SelectOptions<T> {
  /** The largest number of documents. */
  readonly count: number
  /** The texts are read along if they come to no more than this, in bytes. */
  readonly wholeBytes: number
  /** Finds the documents: whole, or with what tells them apart and their `size`. */
  find(isWhole: boolean): AbstractCursor<T>
  toText(document: T): string
}

/**
 * Selects documents of one kind. Their texts are read along, by the same command, if they are expected to be small: by those
 * that came last. No more is kept in memory than was asked for.
 */
export const createSelector = <T extends { readonly size?: number }>() => {
  let average: number | undefined

  const learn = (items: readonly Item<T>[]): void => {
    if (items.length > 0) average = items.reduce((sum, { size }) => sum + size, 0) / items.length
  }

  const isExpectedSmall = ({ count, wholeBytes }: SelectOptions<T>): boolean =>
    average === undefined ? count * ASSUMED_SIZE <= FIRST_GUESS : count * average <= wholeBytes

  const readWhole = async ({ find, toText, wholeBytes }: SelectOptions<T>): Promise<Item<T>[] | undefined> => {
    const items: Item<T>[] = []
    let bytes = 0
    for await (const document of find(true)) {
      const text = toText(document)
      const size = Buffer.byteLength(text)
      items.push({ document, size, text })
      bytes += size
      if (bytes > wholeBytes) break
    }
    learn(items)
    return bytes > wholeBytes ? undefined : items
  }

  return async (options: SelectOptions<T>): Promise<Item<T>[]> => {
    const whole = isExpectedSmall(options) ? await readWhole(options) : undefined
    if (whole !== undefined) return whole
    const found = await options.find(false).toArray()
    const items = found.map((document) => ({ document, size: document.size ?? 0, text: undefined }))
    learn(items)
    return items
  }
}

/** The texts of all items, joined by commas, if they were read. */
export const joinTexts = (items: readonly Item<unknown>[]): Buffer | undefined =>
  items.some(({ text }) => text === undefined) ? undefined : Buffer.from(items.map(({ text }) => text).join())
