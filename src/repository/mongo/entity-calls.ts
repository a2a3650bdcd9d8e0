import type { TableEntity } from '../../core/entity.ts'
import type { Entities } from '../../core/repository.ts'
import type { Slice } from '../../core/slice.ts'
import type { Commits } from './commits.ts'
import type { Documents } from './documents.ts'
import type { EntityReads, Selection } from './entity-reads.ts'
import { createKeyedMutex } from './keyed-mutex.ts'
import { createDeadline, type Deadline } from './write-outcome.ts'

/** Calls something of the database connection within a deadline (`Connection.using`). */
export type Using<T> = <R>(
  call: (value: T, deadline: Deadline) => Promise<R>,
  deadline?: Deadline,
) => Promise<R>

/** The calls that are the same for entities of all kinds. */
export const createEntityCalls = () => {
  const mutex = createKeyedMutex()

  /** Runs the changes of one entity one after the other. */
  const inTurn = <T>(id: string, run: (deadline: Deadline) => Promise<T>): Promise<T> => {
    const deadline = createDeadline()
    return mutex(id, deadline, () => run(deadline))
  }

  return {
    inTurn,

    of: <E extends TableEntity>(
      documents: Documents<E>,
      reads: Using<EntityReads>,
      commits: Using<Commits>,
    ): Entities<E> => ({
      get: (id) => reads(({ get }, deadline) => get(id, deadline)),

      async history(id, after, limit, wholeBytes) {
        const selected = await reads(({ history }, deadline) =>
          history(id, after, limit, wholeBytes, deadline),
        )
        return {
          ...selected,
          async read(from, end) {
            const texts = reads(({ eventTexts }, deadline) =>
              eventTexts(id, after + from, end - from, deadline),
            )
            return { bytes: await texts, end }
          },
        }
      },

      create: (entity, event, key, companion) =>
        commits(({ create }, deadline) =>
          create(documents, entity, event, key, companion, deadline),
        ),

      change: (id, decide, key) =>
        inTurn(id, (deadline) =>
          commits(({ change }) => change(documents, id, decide, key, deadline), deadline),
        ),
    }),
  }
}

/** A slice of a list, whose texts are read by their ids. */
export const toSlice = <Place>(
  selected: Selection<string, Place>,
  reads: Using<EntityReads>,
): Slice<Place> => {
  const { keys, sizes } = selected
  return {
    ...selected,
    async read(from, end) {
      const size = sizes.slice(from, end).reduce((sum, one) => sum + one, 0)
      const { bytes, count } = await reads(({ texts }, deadline) =>
        texts(keys.slice(from, end), size, deadline),
      )
      return { bytes, end: from + count }
    },
  }
}
