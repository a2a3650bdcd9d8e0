import type { Decision, StoredEntity } from './commit.ts'
import type { RequestContext } from './context.ts'
import type { TableEntity } from './entity.ts'
import { createEntityReads } from './entity-reads.ts'
import { AppError, invalidInput } from './errors.ts'
import { toKey } from './idempotency.ts'
import { formatInstant } from './instant.ts'
import { type Settled, toWritten, unwrap, type Written } from './outcome.ts'
import { checkPreconditions, type Preconditions } from './preconditions.ts'
import type { ReadBudget } from './read-budget.ts'
import type { RecordType } from './record.ts'
import type { Records, Repository } from './repository.ts'
import type { Slice } from './slice.ts'
import { createTextReader, type TextReader } from './stored-text.ts'

export interface RecordServiceDeps {
  readonly repository: Pick<Repository, 'records'>
  /** A new UUIDv7 at each call; with an idempotency key, one in the key's bucket. */
  readonly newId: (key?: string) => string
  /** Shared by all services; absent: one of its own. */
  readonly readBudget?: ReadBudget | undefined
}

export type RecordService<E extends TableEntity, D, P> = ReturnType<
  typeof createRecordService<E, D, P>
>

/** The use cases of a kind of record. Each write is given who asks, and by which clock and key. */
export const createRecordService = <E extends TableEntity, D, P>(
  type: RecordType<E, D, P>,
  { repository, newId, readBudget }: RecordServiceDeps,
) => {
  const { kind, table, unique } = type
  const records = repository.records(type)
  /** Those of earlier versions may lack fields. */
  const texts = createTextReader(table)

  const change = async (
    context: RequestContext,
    id: string,
    preconditions: Preconditions,
    decide: (current: E) => Decision<E>,
  ): Promise<Settled> => {
    const guarded = (stored: E): Decision<E> => {
      const error = checkPreconditions(stored.version, preconditions, kind)
      return error ? { kind: 'refuse', error } : decide(table.withDefaults(stored))
    }
    return unwrap(await records.change(id, guarded, toKey(context, id, kind)), kind, unique)
  }

  return {
    ...createReads(type, records, texts, readBudget),

    async create(context: RequestContext, draft: D): Promise<Written> {
      const key = toKey(context, undefined, kind)
      const record = table.create(draft, newId(key?.key), formatInstant(context.now()))
      const result = await records.create(record, type.createdEvent(record, context), key)
      return toWritten(unwrap(result, kind, unique), kind)
    },

    async update(
      context: RequestContext,
      id: string,
      patch: P,
      preconditions: Preconditions,
    ): Promise<Written> {
      const at = formatInstant(context.now())
      const decide = refusing((current: E): Decision<E> => {
        const errors = table.readOnlyErrors(current, patch, false)
        if (errors.length > 0) throw invalidInput(errors)
        const next = table.change(current, patch, at)
        if (next === current) return { kind: 'keep' }
        return { kind: 'change', entity: next, event: type.changedEvent(current, next, context) }
      })
      const written = toWritten(await change(context, id, preconditions, decide), kind)
      const { entity, replayed } = written
      return { entity: { ...entity, json: texts.one(entity.json) }, replayed }
    },

    async remove(
      context: RequestContext,
      id: string,
      preconditions: Preconditions,
    ): Promise<{ readonly replayed: boolean }> {
      const at = formatInstant(context.now())
      const { replayed } = await change(context, id, preconditions, (current) => ({
        kind: 'delete',
        event: type.deletedEvent(current, context, at),
      }))
      return { replayed }
    },
  }
}

/** A refusal that is thrown, as a decision: a commit that throws delays those beside it. */
const refusing =
  <E extends TableEntity>(decide: (current: E) => Decision<E>) =>
  (current: E): Decision<E> => {
    try {
      return decide(current)
    } catch (error) {
      if (error instanceof AppError) return { kind: 'refuse', error }
      throw error
    }
  }

const createReads = <E extends TableEntity, D, P>(
  { kind }: RecordType<E, D, P>,
  records: Records<E>,
  texts: TextReader,
  budget: ReadBudget | undefined,
) => {
  const filled = async <Place>(slice: Promise<Slice<Place>>): Promise<Slice<Place>> => {
    const { whole, read, ...rest } = await slice
    return {
      ...rest,
      whole: whole && texts.joined(whole),
      async read(from, end) {
        const { bytes, ...place } = await read(from, end)
        return { ...place, bytes: texts.joined(bytes) }
      },
    }
  }
  const ifThere = (stored: StoredEntity | undefined): StoredEntity | undefined =>
    stored && { ...stored, json: texts.one(stored.json) }

  const source = {
    get: async (id: string) => ifThere(await records.get(id)),
    list: (parent: string | undefined, after: string | undefined, limit: number, bytes: number) =>
      filled(records.list(parent, after, limit, bytes)),
    history: records.history,
  }
  return {
    ...createEntityReads(source, kind, budget),

    /** The record with this unique key, or undefined. */
    byUniqueKey: async (uniqueKey: string) => ifThere(await records.byUniqueKey(uniqueKey)),
  }
}
