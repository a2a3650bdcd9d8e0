import type { Document, IndexDescription } from 'mongodb'

/**
 * How a MongoDB server would read a query by one index, after these pages of its manual:
 *
 * - equality, sort, range: https://www.mongodb.com/docs/manual/tutorial/equality-sort-range-guideline/. Its note on `$in` and
 *   sort: up to 200 values are equalities, whose ranges are merged in order (stage SORT_MERGE); more are a range.
 * - a sort by an index: https://www.mongodb.com/docs/manual/tutorial/sort-results-with-indexes/. The fields before
 *   the sort's own must be equalities, and an index is read in either direction.
 * - partial indexes: https://www.mongodb.com/docs/manual/core/index-partial/. Used only when the filter surely finds nothing else.
 * - arrays: https://www.mongodb.com/docs/manual/core/indexes/index-types/index-multikey/multikey-index-bounds/. Without
 *   `$elemMatch`, bounds on one array don't intersect: one condition bounds it and the others are checked on the document.
 *   And https://www.mongodb.com/docs/manual/core/indexes/index-types/index-multikey/: no index on two arrays, and a sort
 *   by an array's field needs it unbounded.
 * - `^word` bounds a range: https://www.mongodb.com/docs/manual/reference/operator/query/regex/#index-use.
 */
export interface Shape {
  readonly name: string
  readonly filter: Document
  readonly sort?: Document
}

export interface Plan {
  readonly index: string
  /** The fields that bound what is read of the index. */
  readonly bounded: readonly string[]
  /** Whether the index gives the order of the sort (or none is asked for). */
  readonly isOrdered: boolean
  /** Whether the index finds just what the filter does, so that it is read no further than the answer goes. */
  readonly isExact: boolean
}

const MOST_MERGED = 200

/** The fields that are arrays, or in them. */
const isArray = (path: string): boolean => /^(task\.labels|words|pending|keys)\b/.test(path)

/** What a condition is to an index on its field. `rest`: whether something of it is left to check on the document. */
type Bound =
  | { readonly kind: 'points'; readonly count: number; readonly rest: boolean }
  | { readonly kind: 'range'; readonly rest: boolean }

const isOperators = (condition: unknown): condition is Document =>
  typeof condition === 'object' &&
  condition !== null &&
  Object.keys(condition).length > 0 &&
  Object.keys(condition).every((key) => key.startsWith('$'))

const boundOf = (path: string, condition: unknown): Bound | undefined => {
  if (condition instanceof RegExp) return prefixOf(condition)
  if (!isOperators(condition)) return { kind: 'points', count: 1, rest: false }
  const { $eq, $in, $all, $exists, $gt, $gte, $lt, $lte, ...unknown } = condition
  if (Object.keys(unknown).length > 0)
    throw new Error(`no model of ${JSON.stringify(condition)} on ${path}`)
  if ($eq !== undefined) return { kind: 'points', count: 1, rest: false }
  if ($in !== undefined) return { kind: 'points', count: new Set($in).size, rest: false }
  if ($all !== undefined) {
    const first = boundOf(path, $all[0])
    return first && { ...first, rest: first.rest || $all.length > 1 }
  }
  const sides = [$gt ?? $gte, $lt ?? $lte].filter((side) => side !== undefined).length
  if (sides > 0) return { kind: 'range', rest: sides > 1 && isArray(path) }
  return $exists === undefined ? boundOf(path, { $eq: condition }) : undefined
}

const prefixOf = (expression: RegExp): Bound | undefined =>
  expression.flags === '' && /^\^[\p{L}\p{N}]+$/u.test(expression.source)
    ? { kind: 'range', rest: false }
    : undefined

/** Whether whatever fulfils the condition fulfils the filter of a partial index as well. */
const implies = (condition: unknown, needed: unknown): boolean => {
  if (condition === undefined) return false
  if (!isOperators(needed)) return JSON.stringify(condition) === JSON.stringify(needed)
  if (needed.$exists === true) {
    if (!isOperators(condition)) return condition !== null
    return condition.$exists !== false && !Object.values(condition).includes(null)
  }
  if (needed.$gt === '') {
    const values = isOperators(condition) ? (condition.$in ?? [condition.$eq]) : [condition]
    return values.every((value: unknown) => typeof value === 'string' && value > '')
  }
  if (needed.$gt === 0)
    return isOperators(condition) && typeof condition.$gt === 'number' && condition.$gt >= 0
  throw new Error(`no model of a partial index on ${JSON.stringify(needed)}`)
}

/** The plan with one index; undefined when the server could not use it, or would read it whole for nothing. */
export const planWith = (
  { filter, sort }: Shape,
  { name, key, partialFilterExpression }: IndexDescription,
): Plan | undefined => {
  const needed = Object.entries((partialFilterExpression as Document | undefined) ?? {})
  if (!needed.every(([path, condition]) => implies(filter[path], condition))) return undefined
  const fields = Object.keys(key)
  const bounds = boundsOf(fields, filter)
  const isEqual = (index: number): boolean => bounds[index]?.kind === 'points'
  const leading = fields.findIndex((_, index) => !isEqual(index))
  const equal = leading < 0 ? fields.length : leading
  const isOrdered = sort === undefined || givesOrder(sort, key as Document, bounds, equal)
  const bounded = fields.filter((_, index) => bounds[index] !== undefined && index <= equal)
  if (bounded.length === 0 && (sort === undefined || !isOrdered)) return undefined
  const isChecked = Object.keys(filter).some((path) => {
    const index = bounded.indexOf(path)
    return index < 0 ? !isImplied(path, filter[path], needed) : bounds[fields.indexOf(path)]?.rest
  })
  return { index: name ?? '', bounded, isOrdered, isExact: isOrdered && !isChecked }
}

/** That something exists is known of all that a partial index holds. */
const isImplied = (
  path: string,
  condition: unknown,
  needed: readonly [string, unknown][],
): boolean =>
  needed.some(
    ([known, value]) => known === path && JSON.stringify(value) === JSON.stringify(condition),
  )

const boundsOf = (fields: readonly string[], filter: Document): (Bound | undefined)[] => {
  let isArrayBounded = false
  return fields.map((path) => {
    const bound = path in filter ? boundOf(path, filter[path]) : undefined
    if (bound === undefined || !isArray(path)) return bound
    if (isArrayBounded) return undefined
    isArrayBounded = true
    return bound
  })
}

const givesOrder = (
  sort: Document,
  key: Document,
  bounds: readonly (Bound | undefined)[],
  equal: number,
): boolean => {
  const fields = Object.keys(key)
  const [[path, direction] = [''], ...others] = Object.entries(sort)
  if (others.length > 0) throw new Error(`no model of a sort by ${JSON.stringify(sort)}`)
  const at = fields.indexOf(path)
  if (at < 0 || at > equal || Math.abs(direction) !== 1) return false
  const merged = bounds.slice(0, at)
  const points = merged.reduce(
    (product, bound) => product * (bound?.kind === 'points' ? bound.count : 1),
    1,
  )
  if (points > MOST_MERGED) return false
  const isSplitArray = merged.some(
    (bound, index) => bound?.kind === 'points' && bound.count > 1 && isArray(fields[index] ?? ''),
  )
  return !isSplitArray && !(isArray(path) && bounds[at] !== undefined)
}

/** Every index has its `_id`, which is not in the lists. */
const BY_ID: IndexDescription = { name: '_id_', key: { _id: 1 } }

export const plansOf = (shape: Shape, indexes: readonly IndexDescription[]): Plan[] =>
  [BY_ID, ...indexes].flatMap((index) => planWith(shape, index) ?? [])

/** Two arrays in one index are refused by the server with the first document that has both. */
export const hasTwoArrays = ({ key }: IndexDescription): boolean =>
  Object.keys(key).filter(isArray).length > 1
