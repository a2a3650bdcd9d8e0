import pino, { type Logger } from 'pino'
import type { Config } from './config.ts'
import type { WriteLine } from './http/request-log.ts'

/** The levels at which each request has its line. */
const INFORMING: ReadonlySet<string> = new Set(['info', 'debug', 'trace'])

/** So many characters are written at once, as a line at a time costs a system call a request … */
const BUNCH = 32_768

/** … or what has come in so many milliseconds. */
const LATEST_MS = 250

/** A line of the levels warn, error and fatal. */
const WRONG = /^\{"level":[456]0/

/** JSON lines on standard output. */
export const createLog = (
  level: Config['logLevel'],
): { readonly logger: Logger; readonly writeRequest: WriteLine | undefined } => {
  const { write, flush } = bunched()
  /** What went wrong is written at once, as it may be the last that a process tells before it is killed. */
  const writeOwn: WriteLine = (line) => {
    write(line)
    if (WRONG.test(line)) flush()
  }
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write: writeOwn })
  return { logger, writeRequest: INFORMING.has(level) ? write : undefined }
}

/** Lines are joined here, as the output's own buffer copies all that waits in it for each line that comes. */
const bunched = (): { readonly write: WriteLine; readonly flush: () => void } => {
  const output = pino.destination({ dest: 1, sync: false })
  let waiting = ''
  let timer: NodeJS.Timeout | undefined

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (waiting !== '') output.write(waiting)
    waiting = ''
  }

  output.on('error', () => {}) // Whoever read the log has gone: the service goes on without.
  process.on('exit', () => {
    flush()
    output.flushSync()
  })
  const write: WriteLine = (line) => {
    waiting += line
    if (waiting.length >= BUNCH) flush()
    else timer ??= setTimeout(flush, LATEST_MS).unref()
  }
  return { write, flush }
}
