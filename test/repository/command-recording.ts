import type { CommandStartedEvent, Document } from 'mongodb'
import {
  DELIVERY_INDEXES,
  EVENT_INDEXES,
  RECORD_INDEXES,
  taskIndexes,
} from '#src/repository/mongo/migrations.ts'
import { TASK } from '#src/task/task.ts'
import {
  COMMANDS,
  EVERY_COMMAND,
  EXPRESSIONS,
  INDEX_OPTIONS,
  type Part,
  QUERY_OPERATORS,
  STAGES,
  STATEMENTS,
  UPDATE_OPERATORS,
} from './allowed-commands.ts'
import { plansOf } from './mongo-planner.ts'

const TASK_INDEXES = taskIndexes(TASK)

const prefixed = (kind: string, names: object): string[] =>
  Object.keys(names).map((name) => `${kind} ${name}`)

/** The names of all that may be sent, as `namesIn` tells them. */
export const ALLOWED: ReadonlySet<string> = new Set([
  ...prefixed('command', COMMANDS),
  ...Object.entries(COMMANDS).flatMap(([name, { options }]) => prefixed(`${name} option`, options)),
  ...prefixed('any option', EVERY_COMMAND),
  ...prefixed('statement', STATEMENTS),
  ...prefixed('query', QUERY_OPERATORS),
  ...prefixed('update', UPDATE_OPERATORS),
  ...prefixed('stage', STAGES),
  ...Object.keys(EXPRESSIONS),
  ...prefixed('index', INDEX_OPTIONS),
])

/** Everything in a command that MongoDB gives a meaning to: `command find`, `find option limit`, `query $gt`. */
export const namesIn = (name: string, command: Document): string[] => [
  `command ${name}`,
  ...Object.entries(command).flatMap(([option, value]) => {
    if (option === name) return []
    if (option in EVERY_COMMAND) return [`any option ${option}`]
    return [
      `${name} option ${option}`,
      ...inPart(COMMANDS[name]?.options[option] ?? 'plain', value),
    ]
  }),
]

const inPart = (part: Part, value: unknown): string[] => {
  switch (part) {
    case 'query':
      return inQuery(value)
    case 'update':
      return inUpdate(value)
    case 'pipeline':
      return inPipeline(value as Document[])
    case 'statements':
      return (value as Document[]).flatMap(inStatement)
    case 'indexes':
      return (value as Document[]).flatMap((index) => prefixed('index', index))
    default:
      return operatorsIn(value).map((operator) => `${part} ${operator}`)
  }
}

const isDocument = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** Whatever begins with `$` at any depth: where no operator belongs, each is one too many. */
const operatorsIn = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(operatorsIn)
  if (!isDocument(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(key.startsWith('$') ? [key] : []),
    ...operatorsIn(inner),
  ])
}

const inQuery = (query: unknown): string[] => {
  if (Array.isArray(query)) return query.flatMap(inQuery)
  if (query instanceof RegExp) return ['query $regex']
  if (!isDocument(query)) return []
  return Object.entries(query).flatMap(([key, value]) => [
    ...(key.startsWith('$') ? [`query ${key}`] : []),
    ...inQuery(value),
  ])
}

/** What `$pull` takes away is a query; all else that is written is plain. A pipeline as an update is no list of operators. */
const inUpdate = (update: unknown): string[] => {
  if (!isDocument(update)) return ['update by a pipeline']
  return Object.entries(update).flatMap(([operator, value]) => [
    `update ${operator}`,
    ...(operator === '$pull'
      ? inQuery(value)
      : operatorsIn(value).map((inner) => `update ${operator} ${inner}`)),
  ])
}

const inStatement = (statement: Document): string[] => [
  ...prefixed('statement', statement),
  ...inQuery(statement.q),
  ...(statement.u === undefined ? [] : inUpdate(statement.u)),
]

const inPipeline = (pipeline: readonly Document[]): string[] =>
  pipeline.flatMap((stage) =>
    Object.entries(stage).flatMap(([name, value]) => {
      if (name === '$match') return [`stage ${name}`, ...inQuery(value)]
      if (name === '$unionWith') return [`stage ${name}`, ...inPipeline(value.pipeline)]
      return [`stage ${name}`, ...operatorsIn(value).map((operator) => `stage ${name} ${operator}`)]
    }),
  )

interface Read {
  readonly collection: string
  readonly filter: Document
  readonly sort?: Document
}

/** What a command looks for, in which order; the driver writes a sort as a Map. */
const readsOf = (name: string, command: Document): Read[] => {
  const collection: string = command[name]
  if (name === 'find')
    return [
      {
        collection,
        filter: command.filter ?? {},
        ...(command.sort && { sort: toDocument(command.sort) }),
      },
    ]
  if (name === 'update' || name === 'delete') {
    return [...(command.updates ?? command.deletes)].map(({ q }: Document) => ({
      collection,
      filter: q,
    }))
  }
  return name === 'aggregate' ? readsOfPipeline(collection, command.pipeline) : []
}

const toDocument = (sort: Document | ReadonlyMap<string, unknown>): Document =>
  sort instanceof Map ? Object.fromEntries(sort) : sort

const readsOfPipeline = (collection: string, pipeline: readonly Document[]): Read[] => {
  const [first, second] = pipeline
  const united = pipeline.flatMap(({ $unionWith }) =>
    $unionWith ? readsOfPipeline($unionWith.coll, $unionWith.pipeline) : [],
  )
  return [
    { collection, filter: first?.$match ?? {}, ...(second?.$sort && { sort: second.$sort }) },
    ...united,
  ]
}

const INDEXES = {
  tasks: TASK_INDEXES,
  records: RECORD_INDEXES,
  events: EVENT_INDEXES,
  deliveries: DELIVERY_INDEXES,
} as const

const isPlanned = ({ collection, ...shape }: Read): boolean =>
  plansOf({ name: '', ...shape }, INDEXES[collection as keyof typeof INDEXES] ?? []).some(
    ({ isOrdered }) => isOrdered,
  )

/** Collects what was sent: the names, the commands with something in them that is not allowed, and those that no index serves. */
export const createRecording = () => {
  const refused: string[] = []
  const scans: string[] = []
  const seen = new Map<string, number>()

  return {
    refused,
    scans,
    seen,
    onCommand: ({ commandName, command }: CommandStartedEvent): void => {
      const names = namesIn(commandName, command)
      const unknown = names.filter((name) => !ALLOWED.has(name))
      for (const name of names) seen.set(name, (seen.get(name) ?? 0) + 1)
      if (unknown.length > 0) refused.push(`${unknown.join(', ')}: ${JSON.stringify(command)}`)
      else if (!readsOf(commandName, command).every(isPlanned)) scans.push(JSON.stringify(command))
    },
  }
}
