import type { CommitResult, StoredEntity } from './commit.ts'
import { alreadyExists, keyReused, notFound } from './errors.ts'

/** A commit that was carried out, now or by an earlier request with the same key. */
export type Settled = Extract<CommitResult, { kind: 'stored' | 'deleted' }>

/** What a creation or a change answers. */
export interface Written {
  readonly entity: StoredEntity
  readonly replayed: boolean
}

/** Throws what a commit was refused for. `unique` is the field that must be unique, if any. */
export const unwrap = (result: CommitResult, resource: string, unique = 'id'): Settled => {
  switch (result.kind) {
    case 'absent':
      throw notFound(resource)
    case 'refused':
      throw result.error
    case 'key_reused':
      throw keyReused()
    case 'taken':
      throw alreadyExists(resource, unique)
    default:
      return result
  }
}

/** The entity of a creation or a change. Only a replay finds none: it was deleted since. */
export const toWritten = (result: Settled, resource: string): Written => {
  if (result.kind === 'deleted') throw notFound(resource)
  return { entity: result.entity, replayed: result.replayed }
}
