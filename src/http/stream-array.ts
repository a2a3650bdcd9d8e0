import { Readable } from 'node:stream'
import { EMPTY_RUN, type JsonRun } from '../core/json-run.ts'

/**
 * A JSON array in pieces: the elements' texts as they are read, so that an answer of any length is held in
 * memory a run at a time. The first run is read before this resolves: what fails by then is still an error answer.
 */
export const streamArray = async (runs: AsyncGenerator<JsonRun>): Promise<Readable> => {
  const first = await runs.next()
  return Readable.from(pieces(first.done === true ? EMPTY_RUN : first.value, runs), { objectMode: false })
}

/** A JSON array that is at hand as a whole. */
export const toArray = (run: JsonRun): Buffer => Buffer.concat([OPEN, run.bytes, CLOSE])

async function* pieces(first: JsonRun, rest: AsyncGenerator<JsonRun>): AsyncGenerator<Buffer> {
  yield Buffer.concat([OPEN, first.bytes])
  for await (const run of rest) if (run.count > 0) yield Buffer.concat([COMMA, run.bytes])
  yield CLOSE
}

const [OPEN, COMMA, CLOSE] = ['[', ',', ']'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer]

/** The body of an answer to HEAD whose length is not known: no Content-Length is sent. */
export const unknownLength = (): Readable => Readable.from([])
