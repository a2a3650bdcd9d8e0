import type { Decision } from '../core/commit.ts'
import type { Companion, CompanionRule } from '../core/companion.ts'
import type { RequestContext } from '../core/context.ts'
import type { TableEntity } from '../core/entity.ts'
import { createEntityReads } from '../core/entity-reads.ts'
import { invalidInput, keyReused } from '../core/errors.ts'
import type { Draft, FieldTable } from '../core/field-table.ts'
import { toKey } from '../core/idempotency.ts'
import { formatInstant } from '../core/instant.ts'
import { type Settled, toWritten, unwrap, type Written } from '../core/outcome.ts'
import { checkPreconditions, type Preconditions } from '../core/preconditions.ts'
import type { ReadBudget } from '../core/read-budget.ts'
import type { Repository } from '../core/repository.ts'
import { changedEvent, createdEvent, deletedEvent } from './task-event.ts'

/** What completes a task. */
const COMPLETION = { status: 'completed' }

/** One operation of a batch. */
export type Operation =
  | { readonly op: 'create'; readonly task: Draft }
  | (Change & { readonly op: 'update'; readonly task: Draft })
  | (Change & { readonly op: 'complete' | 'delete' })

interface Change {
  readonly id: string
  readonly preconditions: Preconditions
}

/** What became of one operation of a batch. An error that is no AppError is a fault of ours. */
export type BatchResult =
  | (Written & { readonly kind: 'created' | 'changed' })
  | { readonly kind: 'deleted'; readonly replayed: boolean }
  | { readonly kind: 'failed'; readonly error: unknown }

/** Where tasks have issues, as far as the use cases need to know. */
export interface IssueTracker {
  /** Work was committed for the tracker. */
  wake(): void
  /**
   * Resolves once the issue of a new task is known, or will not be for now. Undefined if the answer
   * does not wait for it.
   */
  whenCreated(taskId: string): Promise<void> | undefined
}

export interface TaskServiceDeps {
  /** The fields of a task. */
  readonly table: FieldTable
  readonly repository: Repository
  /** A new UUIDv7 at each call; with an idempotency key, one in the key's bucket. */
  readonly newId: (key?: string) => string
  /** Absent: tasks have no companions. */
  readonly companionRule?: CompanionRule | undefined
  /** Absent: no issue tracker is configured. */
  readonly tracker?: IssueTracker | undefined
  /** Shared with the services of records; absent: one of its own. */
  readonly readBudget?: ReadBudget | undefined
}

export type TaskService = ReturnType<typeof createTaskService>

/** The use cases. Each write is given who asks, and by which clock and key, as a RequestContext. */
export const createTaskService = ({
  table,
  repository,
  newId,
  companionRule,
  tracker,
  readBudget,
}: TaskServiceDeps) => {
  const { tasks } = repository
  const isTracked = tracker !== undefined

  const commitNew = async (context: RequestContext, draft: Draft): Promise<Written> => {
    const errors = table.readOnlyErrors(undefined, draft, isTracked)
    if (errors.length > 0) throw invalidInput(errors)
    const key = toKey(context)
    const task = table.create(draft, newId(key?.key), formatInstant(context.now()))
    const result = await tasks.create(
      task,
      createdEvent(task, context),
      key && { ...key, answersCurrent: isTracked },
      companionRule?.start?.(task.id),
    )
    return toWritten(unwrap(result, 'task'), 'task')
  }

  /** The answer waits a while for the issue, and then is the task as it stands. */
  const create = async (context: RequestContext, draft: Draft): Promise<Written> => {
    const written = await commitNew(context, draft)
    const created = written.replayed ? undefined : tracker?.whenCreated(written.entity.id)
    if (created === undefined) return written
    await created
    /** The task is stored, even if it cannot be read just now. */
    const entity = await tasks.get(written.entity.id).catch(() => undefined)
    return entity === undefined ? written : { ...written, entity }
  }

  const change = async (
    context: RequestContext,
    id: string,
    preconditions: Preconditions,
    decide: (current: TableEntity) => Decision<TableEntity>,
  ): Promise<Settled> => {
    let hasCommitted = false
    const guarded = (
      current: TableEntity,
      companion: Companion | undefined,
    ): Decision<TableEntity> => {
      const error = checkPreconditions(current.version, preconditions)
      const decision: Decision<TableEntity> = error ? { kind: 'refuse', error } : decide(current)
      hasCommitted = decision.kind === 'change' || decision.kind === 'delete'
      if (decision.kind !== 'change' && decision.kind !== 'delete') return decision
      if (companion === undefined) return decision
      const isDeleted = decision.kind === 'delete'
      const next = companionRule?.follow(companion, decision.event.version, isDeleted)
      return { ...decision, companion: next }
    }
    const result = unwrap(await tasks.change(id, guarded, toKey(context, id)), 'task')
    if (hasCommitted) tracker?.wake()
    return result
  }

  const update = async (
    context: RequestContext,
    id: string,
    patch: Draft,
    preconditions: Preconditions,
  ): Promise<Written> => {
    const at = formatInstant(context.now())
    const decide = (current: TableEntity): Decision<TableEntity> => {
      const errors = table.readOnlyErrors(current, patch, isTracked)
      return errors.length > 0
        ? { kind: 'refuse', error: invalidInput(errors) }
        : toDecision(current, table.change(current, patch, at), context)
    }
    return toWritten(await change(context, id, preconditions, decide), 'task')
  }

  const complete = async (
    context: RequestContext,
    id: string,
    preconditions: Preconditions,
  ): Promise<Written> => {
    const at = formatInstant(context.now())
    const decide = (current: TableEntity) =>
      toDecision(current, table.change(current, COMPLETION, at), context)
    return toWritten(await change(context, id, preconditions, decide), 'task')
  }

  const remove = async (
    context: RequestContext,
    id: string,
    preconditions: Preconditions,
  ): Promise<{ replayed: boolean }> => {
    const at = formatInstant(context.now())
    const { replayed } = await change(context, id, preconditions, (current) => ({
      kind: 'delete',
      event: deletedEvent(current, context, at),
    }))
    return { replayed }
  }

  const run = async (context: RequestContext, operation: Operation): Promise<BatchResult> => {
    if (operation.op === 'create')
      return { kind: 'created', ...(await commitNew(context, operation.task)) }
    const { id, preconditions } = operation
    switch (operation.op) {
      case 'update':
        return { kind: 'changed', ...(await update(context, id, operation.task, preconditions)) }
      case 'complete':
        return { kind: 'changed', ...(await complete(context, id, preconditions)) }
      case 'delete':
        return { kind: 'deleted', ...(await remove(context, id, preconditions)) }
    }
  }

  return {
    ...createEntityReads(repository.tasks, 'task', readBudget),
    create,
    update,
    complete,
    remove,

    /**
     * Carries out each operation as a commit of its own and reports on each. With a key, each
     * commit has the key and its index, so that a retry after any crash does what is missing and
     * repeats nothing. Those on one task count as keys of that task, of which it may have
     * MAX_CHANGE_KEYS.
     */
    async batch(context: RequestContext, operations: readonly Operation[]): Promise<BatchResult[]> {
      const key = toKey(context)
      if (key === undefined) await repository.ping()
      else if (!(await tasks.reserveKey(key))) throw keyReused()
      const lastOnTask = new Map<string, Promise<unknown>>()
      const results = await Promise.all(
        operations.map((operation, index) => {
          const own = { ...context, key: context.key && { ...context.key, index } }
          const attempt = () =>
            run(own, operation).catch((error: unknown): BatchResult => ({ kind: 'failed', error }))
          if (operation.op === 'create') return attempt()
          const result = lastOnTask.get(operation.id)?.then(attempt) ?? attempt()
          lastOnTask.set(operation.id, result)
          return result
        }),
      )
      if (results.some(({ kind }) => kind === 'created')) tracker?.wake()
      return results
    },

    ping: (): Promise<void> => repository.ping(),
  }
}

/** A change that changes nothing makes no version and no event. */
const toDecision = (
  current: TableEntity,
  next: TableEntity,
  context: RequestContext,
): Decision<TableEntity> =>
  next === current
    ? { kind: 'keep' }
    : { kind: 'change', entity: next, event: changedEvent(current, next, context) }
