// Preloaded into a service (`node --import`): its clock is off by the milliseconds that the file SHIFT_FILE holds at the time.
import { readFileSync } from 'node:fs'

const RealDate = Date
/** So often the file is read. */
const READ_MS = 5

let [shift, readAt] = [0, Number.NEGATIVE_INFINITY]

const now = () => {
  if (performance.now() - readAt > READ_MS)
    [shift, readAt] = [Number(readFileSync(process.env.SHIFT_FILE)), performance.now()]
  return RealDate.now() + shift
}

globalThis.Date = class ShiftedDate extends RealDate {
  static now = now

  constructor(...args) {
    super(...(args.length === 0 ? [now()] : args))
  }
}
