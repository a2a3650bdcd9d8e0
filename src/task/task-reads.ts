import { type ChunkReader, createChunkReader } from '../core/chunk-reader.ts'
import type { StoredEntity } from '../core/commit.ts'
import { notFound } from '../core/errors.ts'
import { createReadBudget, LARGE_PAGE, SMALL_CHUNK } from '../core/read-budget.ts'
import type { Tasks } from '../core/repository.ts'
import { createSliceWalk, openSlice, type Slice } from '../core/slice.ts'
import type { Position, TaskQuery } from '../core/task-query.ts'

/** The maximum number of tasks or events of a long list that are selected together. */
const SLICE_ITEMS = 250

export interface TaskPage {
  /** The tasks' JSON texts, joined by commas: in one piece if small, else in chunks. */
  readonly tasks: Buffer | ChunkReader
  /** Where the next page begins; absent at the end of the list. */
  readonly next: Position | undefined
}

/** The reads. All of them share one budget of memory. */
export const createTaskReads = (tasks: Tasks) => {
  const budget = createReadBudget()

  return {
    async get(id: string): Promise<StoredEntity> {
      const task = await tasks.get(id)
      if (task === undefined) throw notFound()
      return task
    },

    /** One page of a list, and where the next one begins. */
    async page(query: TaskQuery, after: Position | undefined, limit: number): Promise<TaskPage> {
      const read = (wholeBytes: number) => tasks.list(query, after, limit, wholeBytes)
      const opened = await openSlice(read, budget, LARGE_PAGE)
      const { whole, next } = opened.slice
      if (whole !== undefined && whole.length <= SMALL_CHUNK) return { tasks: whole, next }
      const slices = [opened]
      return { tasks: createChunkReader(async () => slices.pop(), budget), next }
    },

    /** The whole list. */
    all(query: TaskQuery, from: Position | undefined): ChunkReader {
      const read = (after: Position | undefined, wholeBytes: number): Promise<Slice<Position>> =>
        tasks.list(query, after, SLICE_ITEMS, wholeBytes)
      return createChunkReader(createSliceWalk(read, from, budget), budget)
    },

    /** The history of a task, oldest first. A deleted task keeps its history. */
    history(id: string): ChunkReader {
      const read = async (after = 0, wholeBytes: number): Promise<Slice<number>> => {
        const slice = await tasks.history(id, after, SLICE_ITEMS, wholeBytes)
        if (after === 0 && slice.whole?.length === 0) throw notFound()
        return slice
      }
      return createChunkReader(createSliceWalk(read, undefined, budget), budget)
    },
  }
}
