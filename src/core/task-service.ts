import { type IssueLink, markOutOfSync, withLink } from '../github/issue/issue-link.ts'
import type { BatchOperation } from './batch.ts'
import { type ChunkReader, createChunkReader } from './chunk-reader.ts'
import type { Entity } from './entity.ts'
import { type FieldError, invalidInput, keyReused, notFound } from './errors.ts'
import { checkPreconditions, type Preconditions, parseETags } from './etag.ts'
import { changedEvent, createdEvent, deletedEvent } from './event.ts'
import type { Draft, FieldTable } from './field-table.ts'
import { formatInstant } from './instant.ts'
import { createReadBudget, SMALL_CHUNK } from './read-budget.ts'
import { createSliceWalk, openSlice, type Slice } from './slice.ts'
import type { Position, TaskQuery } from './task-query.ts'
import type {
  CommitResult,
  Decision,
  IdempotencyKey,
  StoredTask,
  TaskRepository,
} from './task-repository.ts'

/** How long an idempotency key is remembered, in milliseconds. */
export const KEY_LIFETIME_MS = 24 * 60 * 60 * 1000

/** What completes a task. */
const COMPLETION = { status: 'completed' }

/** How many tasks or events of a long list are selected at a time: enough to be quick, few enough to hold in memory. */
const SLICE_ITEMS = 250

/** What a retry is known by. */
export interface RetryKey {
  readonly key: string
  readonly fingerprint: string
  /** Of an operation of a batch: its place, from 0. */
  readonly index?: number
}

export interface WriteResult {
  readonly task: StoredTask
  readonly replayed: boolean
}

/** What became of one operation of a batch. An error that is no TaskError is a fault of ours. */
export type BatchResult =
  | { readonly kind: 'created' | 'changed'; readonly task: StoredTask; readonly replayed: boolean }
  | { readonly kind: 'deleted'; readonly replayed: boolean }
  | { readonly kind: 'failed'; readonly error: unknown }

export interface TaskPage {
  /** The tasks' JSON texts, joined by commas: as a whole if they are small, else in chunks that are read as they are taken. */
  readonly tasks: Buffer | ChunkReader
  /** Where the next page begins; absent at the end of the list. */
  readonly next: Position | undefined
}

export interface TaskServiceDeps {
  /** The fields of a task. */
  readonly table: FieldTable
  readonly repository: TaskRepository
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** A new UUIDv7 at each call; with the request's idempotency key, one that a store finds the place of by that key. */
  readonly newId: (key?: string) => string
  /** What mirrors the tasks as issues; absent, nothing does. */
  readonly mirror?: IssueTracker | undefined
}

/** Where tasks have issues, as far as the use cases need to know. */
export interface IssueTracker {
  /** The link that a new task is committed with. */
  newLink(taskId: string): IssueLink
  /**
   * The time by the clock of the issues' host, in milliseconds since the epoch; null while it is
   * not known.
   */
  hostNow(): number | null
  /** Work was committed for the sync. */
  wake(): void
  /**
   * Resolves with a new task's link once its issue is known, or will not be for now; with undefined when nothing is known of it yet.
   * Answers undefined at once where none is waited for.
   */
  opened(taskId: string): Promise<IssueLink | undefined> | undefined
}

export type TaskService = ReturnType<typeof createTaskService>

/** The use cases. `actor` is who the history names. */
export const createTaskService = ({ table, repository, now, newId, mirror }: TaskServiceDeps) => {
  const isMirrored = mirror !== undefined
  const budget = createReadBudget()

  const instant = (): string => formatInstant(now())

  const toKey = (retry: RetryKey | undefined, taskId?: string): IdempotencyKey | undefined =>
    retry && {
      key: scoped(retry, taskId),
      fingerprint: retry.fingerprint,
      now: now(),
      expiresAt: now() + KEY_LIFETIME_MS,
    }

  const commitNew = async (draft: Draft, actor: string, retry?: RetryKey): Promise<WriteResult> => {
    if (isMirrored && draft.external_reference_id != null)
      throw invalidInput([mirroredReference(null)])
    const key = toKey(retry)
    const task = table.create(draft, newId(key?.key), instant())
    const link = mirror?.newLink(task.id)
    return expectTask(unwrap(await repository.create(task, createdEvent(task, actor), key, link)))
  }

  /** The answer waits a while for the issue, so that it can tell of it. */
  const create = async (draft: Draft, actor: string, retry?: RetryKey): Promise<WriteResult> => {
    const written = await commitNew(draft, actor, retry)
    if (mirror === undefined || written.replayed) return written
    const opened = mirror.opened(written.task.id)
    const link = opened && (await opened)
    return link === undefined ? written : { ...written, task: asLinked(written.task, link) }
  }

  const change = async (
    id: string,
    decide: (current: Entity) => Decision,
    preconditions: Preconditions,
    retry?: RetryKey,
  ) => {
    let decision: Decision | undefined
    const [at, changedAt] = [now(), mirror?.hostNow() ?? null]
    const guarded = (current: Entity, link: IssueLink | undefined): Decision => {
      const error = checkPreconditions(current.version, preconditions)
      decision = error === undefined ? decide(current) : { kind: 'refuse', error }
      if (link === undefined || decision.kind === 'keep' || decision.kind === 'refuse')
        return decision
      return {
        ...decision,
        link: markOutOfSync(link, current.version + 1, decision.kind === 'delete', at, changedAt),
      }
    }
    const result = unwrap(await repository.change(id, guarded, toKey(retry, id)))
    if (decision !== undefined && decision.kind !== 'keep') mirror?.wake()
    return result
  }

  const update = async (
    id: string,
    patch: Draft,
    actor: string,
    preconditions: Preconditions,
    retry?: RetryKey,
  ): Promise<WriteResult> => {
    const at = instant()
    const decide = (current: Entity): Decision => {
      const issues = [
        ...table.readOnlyErrors(current, patch),
        ...(isMirrored ? referenceIssues(current, patch) : []),
      ]
      return issues.length > 0
        ? { kind: 'refuse', error: invalidInput(issues) }
        : toDecision(
            current,
            table.change(current, isMirrored ? withoutReference(patch) : patch, at),
            actor,
          )
    }
    return expectTask(await change(id, decide, preconditions, retry))
  }

  const complete = async (
    id: string,
    actor: string,
    preconditions: Preconditions,
    retry?: RetryKey,
  ): Promise<WriteResult> => {
    const at = instant()
    return expectTask(
      await change(
        id,
        (current) => toDecision(current, table.change(current, COMPLETION, at), actor),
        preconditions,
        retry,
      ),
    )
  }

  const remove = async (
    id: string,
    actor: string,
    preconditions: Preconditions,
    retry?: RetryKey,
  ): Promise<{ replayed: boolean }> => {
    const at = instant()
    const { replayed } = await change(
      id,
      (current) => ({ kind: 'delete', event: deletedEvent(current, actor, at) }),
      preconditions,
      retry,
    )
    return { replayed }
  }

  const run = async (
    operation: BatchOperation,
    actor: string,
    retry?: RetryKey,
  ): Promise<BatchResult> => {
    switch (operation.op) {
      case 'create':
        return { kind: 'created', ...(await commitNew(operation.task, actor, retry)) }
      case 'update':
        return {
          kind: 'changed',
          ...(await update(operation.id, operation.task, actor, ifMatch(operation), retry)),
        }
      case 'complete':
        return {
          kind: 'changed',
          ...(await complete(operation.id, actor, ifMatch(operation), retry)),
        }
      case 'delete':
        return {
          kind: 'deleted',
          ...(await remove(operation.id, actor, ifMatch(operation), retry)),
        }
    }
  }

  return {
    create,
    update,
    complete,
    remove,

    async get(id: string): Promise<StoredTask> {
      const task = await repository.get(id)
      if (task === undefined) throw notFound()
      return task
    },

    /** One page of a list, and where the next one begins. */
    async page(query: TaskQuery, after: Position | undefined, limit: number): Promise<TaskPage> {
      const isLong = limit > SLICE_ITEMS
      const read = (wholeBytes: number) =>
        repository.list(query, after, limit, isLong ? 0 : wholeBytes)
      const opened = await openSlice(read, budget)
      const { whole, next } = opened.slice
      if (whole !== undefined && whole.length <= SMALL_CHUNK) return { tasks: whole, next }
      const slices = [opened]
      return { tasks: createChunkReader(async () => slices.pop(), budget), next }
    },

    /** The whole list. */
    all(query: TaskQuery, from: Position | undefined): ChunkReader {
      const read = (after: Position | undefined, wholeBytes: number): Promise<Slice<Position>> =>
        repository.list(query, after, SLICE_ITEMS, wholeBytes)
      return createChunkReader(createSliceWalk(read, from, budget), budget)
    },

    /** The history of a task, oldest first. A deleted task keeps its history. */
    history(id: string): ChunkReader {
      const read = async (after = 0, wholeBytes: number): Promise<Slice<number>> => {
        const slice = await repository.history(id, after, SLICE_ITEMS, wholeBytes)
        if (after === 0 && slice.whole?.length === 0) throw notFound()
        return slice
      }
      return createChunkReader(createSliceWalk(read, undefined, budget), budget)
    },

    /**
     * Carries out each operation as a commit of its own and tells of each. With a key, each commit bears
     * the key and its index, so that a retry after any crash does what is missing and repeats nothing.
     * Those on one task count as keys of that task, of which it may have MAX_CHANGE_KEYS.
     */
    async batch(
      operations: readonly BatchOperation[],
      actor: string,
      retry?: RetryKey,
    ): Promise<BatchResult[]> {
      const key = toKey(retry)
      if (key === undefined) await repository.ping()
      else if (!(await repository.claim(key))) throw keyReused()
      const lastOnTask = new Map<string, Promise<unknown>>()
      const results = await Promise.all(
        operations.map((operation, index) => {
          const itemRetry = retry && { ...retry, index }
          const attempt = () =>
            run(operation, actor, itemRetry).catch(
              (error: unknown): BatchResult => ({ kind: 'failed', error }),
            )
          if (operation.op === 'create') return attempt()
          const result = lastOnTask.get(operation.id)?.then(attempt) ?? attempt()
          lastOnTask.set(operation.id, result)
          return result
        }),
      )
      if (results.some(({ kind }) => kind === 'created')) mirror?.wake()
      return results
    },

    ping: (): Promise<void> => repository.ping(),
  }
}

/** A new task as it was created, with how its issue stands now. */
const asLinked = (created: StoredTask, link: IssueLink): StoredTask => ({
  ...created,
  json: JSON.stringify(withLink(JSON.parse(created.json) as Entity, link)),
})

/** With GitHub on, the service sets the issue's id: the stored one and null are accepted. */
const referenceIssues = ({ external_reference_id }: Entity, patch: Draft): FieldError[] =>
  patch.external_reference_id == null || patch.external_reference_id === external_reference_id
    ? []
    : [mirroredReference(external_reference_id)]

const mirroredReference = (stored: unknown): FieldError => ({
  pointer: '#/external_reference_id',
  detail: `is the id of the GitHub issue and set by the service: leave it out, or send ${JSON.stringify(stored)}`,
})

const withoutReference = ({ external_reference_id: _, ...patch }: Draft): Draft => patch

/** A change that changes nothing makes no version and no event. */
const toDecision = (current: Entity, next: Entity, actor: string): Decision =>
  next === current
    ? { kind: 'keep' }
    : { kind: 'change', task: next, event: changedEvent(current, next, actor) }

/** The field was checked with the batch; a text that is not a list of ETags matches nothing. */
const ifMatch = ({ if_match }: { readonly if_match?: string }): Preconditions =>
  if_match === undefined ? {} : { ifMatch: parseETags(if_match) ?? new Set() }

/**
 * The text that a key is stored as: a change's belongs to its task, an operation's to its batch. A
 * caller's key has no line break, so none is mistaken for another kind.
 */
const scoped = ({ key, index }: RetryKey, taskId: string | undefined): string => {
  if (index !== undefined) return `${key}\n#${index}`
  return taskId === undefined ? key : `${key}\n@${taskId}`
}

type Settled = Extract<CommitResult, { kind: 'stored' | 'deleted' }>

const unwrap = (result: CommitResult): Settled => {
  switch (result.kind) {
    case 'absent':
      throw notFound()
    case 'refused':
      throw result.error
    case 'key_reused':
      throw keyReused()
    default:
      return result
  }
}

/** The task of a change. Only a replay finds none: the task was deleted since. */
const expectTask = (result: Settled): WriteResult => {
  if (result.kind === 'deleted') throw notFound()
  return { task: result.task, replayed: result.replayed }
}
