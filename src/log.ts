import pino, { type Logger } from 'pino'
import type { Config } from './config.ts'
import type { WriteLine } from './http/request-log.ts'

/** Request lines are written in chunks of this size, to save a system call for each … */
const CHUNK_CHARACTERS = 32_768

/** … or after this time. */
const FLUSH_MS = 250

export interface Log {
  readonly logger: Logger
  /** For Fastify: what it logs below warn repeats lines of ours. */
  readonly frameworkLogger: Logger
  /** Undefined at levels above info. */
  readonly writeRequest: WriteLine | undefined
}

/** JSON lines on standard output. */
export const createLog = (level: Config['logLevel']): Log => {
  const { write, flush } = createChunks()
  /** Other lines are few, and each may be the last one before the process is killed. */
  const writeNow: WriteLine = (line) => {
    write(line)
    flush()
  }
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: writeNow },
  )
  const logsRequests = logger.isLevelEnabled('info')
  return {
    logger,
    frameworkLogger: logsRequests ? logger.child({}, { level: 'warn' }) : logger,
    writeRequest: logsRequests ? write : undefined,
  }
}

/**
 * Lines are joined here, as the output's own buffer copies all that waits in it for each line that
 * comes.
 */
const createChunks = (): { readonly write: WriteLine; readonly flush: () => void } => {
  const output = pino.destination({ dest: 1, sync: false })
  let waiting = ''
  let timer: NodeJS.Timeout | undefined

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (waiting !== '') output.write(waiting)
    waiting = ''
  }

  output.on('error', () => {}) // The reader of the log has gone: the service goes on without it.
  process.on('exit', () => {
    flush()
    output.flushSync()
  })
  const write: WriteLine = (line) => {
    waiting += line
    if (waiting.length >= CHUNK_CHARACTERS) flush()
    else timer ??= setTimeout(flush, FLUSH_MS).unref()
  }
  return { write, flush }
}
