import type { Database } from './binding.ts'
import type { Commits } from './commits.ts'
import { SYNC_SQL } from './sync-sql.ts'
import type { Turns } from './turns.ts'

/** So many tasks are gone through at a time, so that no request waits for long. */
const CHUNK = 500

/** The name, in `sync_state`, of the id up to which the links are written down. */
const UP_TO = 'links_written_up_to'

interface Row {
  readonly id: string
  /** When its issue is to be opened, where a task tells of that. */
  readonly dueAt: string | null
}

export type ToldLinks = ReturnType<typeof createToldLinks>

/**
 * A new task tells all of its link: that its issue is to be opened, and when. So a create writes no link beside it; whoever asks what
 * is to be done has the links written down first, in the order of their tasks. As ids ascend with the commits, and none comes again,
 * no task up to the last that was gone through tells of a link that is not written down (docs/decisions/write-path.md).
 */
export const createToldLinks = (db: Database, turns: Turns, commits: Commits) => {
  const findAfter = db.prepare(SYNC_SQL.toldAfter)
  const writeState = db.prepare(SYNC_SQL.writeState)
  const stored = db.prepare(SYNC_SQL.readState).get(UP_TO) as { json: string } | undefined
  let upTo: string = stored === undefined ? '' : JSON.parse(stored.json)

  const find = (limit: number): Row[] => findAfter.all(upTo, limit) as unknown as Row[]

  const write = async (rows: readonly Row[], last: string): Promise<void> => {
    await turns.commit(() => {
      for (const { id, dueAt } of rows) if (dueAt !== null) commits.writeLink(id)
      writeState.run(UP_TO, JSON.stringify(last))
    })
    if (last > upTo) upTo = last
  }

  return {
    /** The id of a task up to which every link is written down; no new task may have it, or one before it. */
    upTo: () => upTo,

    /** Whether one that is not written down yet may be due before then; to be asked within a read. */
    mayBeDueBefore(time: number): boolean {
      const [next] = find(1)
      return next !== undefined && (next.dueAt === null || Date.parse(next.dueAt) < time)
    },

    /** Writes some links down, the first first. False when there were none. */
    async writeSome(): Promise<boolean> {
      for (;;) {
        const rows = await turns.read(() => find(CHUNK))
        const last = rows.at(-1)?.id
        if (last === undefined) return false
        const areTold = rows.some(({ dueAt }) => dueAt !== null)
        if (areTold || rows.length < CHUNK) await write(rows, last)
        else upTo = last
        if (areTold) return true
      }
    },
  }
}
