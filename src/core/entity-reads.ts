import { type ChunkReader, createChunkReader } from './chunk-reader.ts'
import type { StoredEntity } from './commit.ts'
import { notFound } from './errors.ts'
import { createReadBudget, LARGE_PAGE, SMALL_CHUNK } from './read-budget.ts'
import { createSliceWalk, openSlice, type Slice } from './slice.ts'

/** The maximum number of entities or events of a long list that are selected together. */
const SLICE_ITEMS = 250

export interface Page<Place> {
  /** The entities' JSON texts, joined by commas: in one piece if small, else in chunks. */
  readonly texts: Buffer | ChunkReader
  /** Where the next page begins; absent at the end of the list. */
  readonly next: Place | undefined
}

/** What is read of the entities of one kind, as the repository has it. */
interface Source<Query, Place> {
  get(id: string): Promise<StoredEntity | undefined>
  list(
    query: Query,
    after: Place | undefined,
    limit: number,
    wholeBytes: number,
  ): Promise<Slice<Place>>
  history(id: string, after: number, limit: number, wholeBytes: number): Promise<Slice<number>>
}

/** The reads of the entities of a kind. All that share a budget share its memory. */
export const createEntityReads = <Query, Place>(
  source: Source<Query, Place>,
  resource: string,
  budget = createReadBudget(),
) => ({
  async get(id: string): Promise<StoredEntity> {
    const entity = await source.get(id)
    if (entity === undefined) throw notFound(resource)
    return entity
  },

  /** One page of a list, and where the next one begins. */
  async page(query: Query, after: Place | undefined, limit: number): Promise<Page<Place>> {
    const read = (wholeBytes: number) => source.list(query, after, limit, wholeBytes)
    const opened = await openSlice(read, budget, LARGE_PAGE)
    const { whole, next } = opened.slice
    if (whole !== undefined && whole.length <= SMALL_CHUNK) return { texts: whole, next }
    const slices = [opened]
    return { texts: createChunkReader(async () => slices.pop(), budget), next }
  },

  /** The whole list. */
  all(query: Query, from: Place | undefined): ChunkReader {
    const read = (after: Place | undefined, wholeBytes: number): Promise<Slice<Place>> =>
      source.list(query, after, SLICE_ITEMS, wholeBytes)
    return createChunkReader(createSliceWalk(read, from, budget), budget)
  },

  /** The history of an entity, oldest first. A deleted one keeps its history. */
  history(id: string): ChunkReader {
    const read = async (after = 0, wholeBytes: number): Promise<Slice<number>> => {
      const slice = await source.history(id, after, SLICE_ITEMS, wholeBytes)
      if (after === 0 && slice.whole?.length === 0) throw notFound(resource)
      return slice
    }
    return createChunkReader(createSliceWalk(read, undefined, budget), budget)
  },
})
