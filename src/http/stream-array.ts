import { Readable } from 'node:stream'
import type { ChunkReader } from '../core/chunk-reader.ts'

/**
 * A JSON array of elements whose texts come in chunks. A chunk is read once the one before has been
 * taken, never earlier. The first one is read before this resolves, so that what fails by then is
 * still an error answer.
 */
export const streamArray = async (chunks: ChunkReader): Promise<Readable> => {
  let next: Promise<Buffer | undefined> | undefined = Promise.resolve(await chunks.next())
  let before = OPEN

  const push = (stream: Readable, chunk: Buffer | undefined): void => {
    next = undefined
    if (chunk === undefined) {
      stream.push(before === OPEN ? EMPTY_ARRAY : CLOSE)
      stream.push(null)
      return
    }
    stream.push(before)
    stream.push(chunk)
    before = COMMA
  }

  return new Readable({
    /** With 0, nothing is read while the client takes nothing. */
    highWaterMark: 0,
    read() {
      const reading = next ?? chunks.next()
      reading.then((chunk) => push(this, chunk)).catch((error: Error) => this.destroy(error))
    },
    destroy(error, callback) {
      chunks.close()
      callback(error)
    },
  })
}

/** A JSON array of elements whose texts are at hand, joined by commas. */
export const toArray = (texts: Buffer): Buffer => Buffer.concat([OPEN, texts, CLOSE])

const OPEN = Buffer.from('[')
const COMMA = Buffer.from(',')
const CLOSE = Buffer.from(']')
const EMPTY_ARRAY = Buffer.from('[]')

/** The body of an answer to HEAD whose length is not known: no Content-Length is sent. */
export const unknownLength = (): Readable => Readable.from([])
