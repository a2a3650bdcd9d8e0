import type { AbstractCursor } from 'mongodb'

/** How many documents come at a time while nothing is known of their sizes. */
const FIRST_BATCH = 16

/** One of the documents that were selected. */
export interface Item<T> {
  readonly document: T
  /**
   * In bytes: of its text if that was read, else what the document takes in the database, which is
   * about the same.
   */
  readonly size: number
  readonly text: string | undefined
}

export interface SelectOptions<T> {
  /** The largest number of documents. */
  readonly count: number
  /** The texts are read along if they come to no more than this, in bytes. */
  readonly wholeBytes: number
  /**
   * Finds the documents: whole, or with what tells them apart and their `size`. They come in
   * batches of `batchSize`.
   */
  find(isWhole: boolean, batchSize: number): AbstractCursor<T>
  toText(document: T): string
}

/**
 * Selects documents of one kind. Their texts are read along, by the same command, if they are
 * expected to be small: by those that came last. No more is kept in memory than was asked for.
 */
export const createSelector = <T extends { readonly size?: number }>() => {
  let average: number | undefined

  const learn = (items: readonly Item<T>[]): void => {
    if (items.length > 0) average = items.reduce((sum, { size }) => sum + size, 0) / items.length
  }

  const readWhole = async ({
    count,
    find,
    toText,
    wholeBytes,
  }: SelectOptions<T>): Promise<Item<T>[] | undefined> => {
    const items: Item<T>[] = []
    let bytes = 0
    for await (const document of find(true, average === undefined ? FIRST_BATCH : count + 1)) {
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
    const { count, wholeBytes, find } = options
    const isSmall = wholeBytes > 0 && count * (average ?? 0) <= wholeBytes
    const whole = isSmall ? await readWhole(options) : undefined
    if (whole !== undefined) return whole
    const found = await find(false, count + 1).toArray()
    const items = found.map((document) => ({ document, size: document.size ?? 0, text: undefined }))
    learn(items)
    return items
  }
}

/** The texts of all items, joined by commas, if they were read. */
export const joinTexts = (items: readonly Item<unknown>[]): Buffer | undefined =>
  items.some(({ text }) => text === undefined)
    ? undefined
    : Buffer.from(items.map(({ text }) => text).join())
