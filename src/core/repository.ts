import type { CommitResult, Decide, DecideCompanion, StoredEntity } from './commit.ts'
import type { Companion } from './companion.ts'
import type { Entity, TableEntity } from './entity.ts'
import type { NewEvent } from './event.ts'
import type { IdempotencyKey } from './idempotency.ts'
import type { Leases } from './lease.ts'
import type { RecordKind } from './record.ts'
import type { Slice } from './slice.ts'
import type { Position, TaskQuery } from './task-query.ts'

/**
 * The database. Every method may throw `database_unavailable`: then a write has not happened. A
 * write whose outcome is not known throws `outcome_unknown`, and a retry with the same key settles
 * it.
 */
export interface Repository {
  readonly tasks: Tasks
  /** The records of a kind. Costs nothing, so it may be called for each use. */
  records<E extends TableEntity>(kind: RecordKind<E>): Records<E>
  readonly companions: Companions
  readonly inbox: Inbox
  readonly leases: Leases
  readonly values: KeyValue
  readonly events: EventLog

  /** Resolves when the database answers; may also throw `database_not_configured`. */
  ping(): Promise<void>

  /** Finishes what was begun, then closes the database. Nothing is called afterwards. */
  close(): Promise<void>
}

/** What a store promises of the entities of any kind: tasks, and each kind of record. */
export interface Entities<E extends Entity> {
  /** The entity, or undefined. Sees every commit that was answered before. */
  get(id: string): Promise<StoredEntity | undefined>

  /**
   * An entity's next events after the first `after` ones, oldest first, as a `Slice`. Kept when the
   * entity is deleted. The nth event is that of version n.
   */
  history(id: string, after: number, limit: number, wholeBytes: number): Promise<Slice<number>>

  /**
   * Stores a new entity in one durable commit (`planCreation`). Precondition: its version is 1, its
   * id is greater than any that this process has read (`maxId`) or stored and, with a key, is in
   * the key's bucket.
   */
  create(
    entity: E,
    event: NewEvent,
    key?: IdempotencyKey,
    companion?: Companion,
  ): Promise<CommitResult>

  /**
   * Reads the entity, asks `decide`, and stores what it says in one durable commit (`planChange`).
   * `decide` is asked again when another writer came first. Refuses the key with `too_many_keys`
   * when the entity has its maximum of them. Precondition: no change of another entity has this
   * key.
   */
  change(id: string, decide: Decide<E>, key?: IdempotencyKey): Promise<CommitResult>
}

export interface Tasks extends Entities<TableEntity> {
  /** The greatest id of any entity so far. Undefined if there is none or the database is down. */
  maxId(): Promise<string | undefined>

  /**
   * The next tasks in the order of the query after the position: `limit` of them, fewer only at the
   * end of the list. Their texts are read along if they come to at most `wholeBytes` bytes.
   */
  list(
    query: TaskQuery,
    after: Position | undefined,
    limit: number,
    wholeBytes: number,
  ): Promise<Slice<Position>>

  /**
   * Binds a key to a batch before its operations run. False when it is bound to another request.
   */
  reserveKey(key: IdempotencyKey): Promise<boolean>
}

/**
 * The records of a kind. A write whose unique key another one has is `taken`, and stores nothing.
 * Texts are as they were stored: fields that came later are absent.
 */
export interface Records<E extends TableEntity> extends Entities<E> {
  byUniqueKey(uniqueKey: string): Promise<StoredEntity | undefined>

  /**
   * The next records in the order of their ids, thus of their creation, after one; of one parent if
   * it is given. In the same way as tasks.
   */
  list(
    parent: string | undefined,
    after: string | undefined,
    limit: number,
    wholeBytes: number,
  ): Promise<Slice<string>>
}

/** The jobs beside the tasks. A companion outlives its task until its owner removes it. */
export interface Companions {
  get(taskId: string): Promise<Companion | undefined>

  /** Of several, that of the task with the smallest id. */
  byReference(reference: string): Promise<Companion | undefined>

  /** Those due at `now`, in milliseconds since the epoch; the longest due first. */
  due(now: number, limit: number): Promise<Companion[]>

  /** By task id, after one. */
  inState(state: string, after: string | undefined, limit: number): Promise<Companion[]>

  /** The number of companions by state; states without any are absent. */
  counts(): Promise<Readonly<Record<string, number>>>

  /** The ids of tasks without a companion, in order, after one. */
  missing(after: string | undefined, limit: number): Promise<string[]>

  /**
   * Decides on a companion and its task as they are, and stores both in one durable commit
   * (`planCompanion`). Resolves with the companion after it.
   */
  change(taskId: string, decide: DecideCompanion<TableEntity>): Promise<Companion | undefined>
}

/** A message from outside that is stored until it is processed. */
export interface Message {
  /** The sender's id of it. */
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

/** Messages from outside, each processed at least once. */
export interface Inbox {
  /** False if it was added before, even if it has been processed since. */
  add(message: Message): Promise<boolean>

  /** The oldest messages that are not processed. */
  open(limit: number): Promise<Message[]>

  /** Marks a message as processed, and deletes processed ones received before `deleteBefore`. */
  close(id: string, deleteBefore: number): Promise<void>
}

/** Small JSON values by name, such as a cursor. */
export interface KeyValue {
  read(name: string): Promise<unknown>
  write(name: string, value: unknown): Promise<void>
}

export interface EventLog {
  /** For how long the oldest event without a sequence has waited for it, in milliseconds. */
  lagMs(): number
}
