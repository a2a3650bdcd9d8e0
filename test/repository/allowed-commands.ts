// All that the adapter may send to a server, each with the page of MongoDB's manual that documents it for MongoDB 7 and 8,
// standalone, in a replica set and in a sharded cluster. No transactions and no change streams.

const MANUAL = 'https://www.mongodb.com/docs/manual/reference/'

/** What the value of an option is: plain, or something that has operators in it. */
export type Part =
  | 'plain'
  | 'query'
  | 'projection'
  | 'update'
  | 'pipeline'
  | 'statements'
  | 'indexes'
interface Command {
  readonly page: string
  readonly options: Readonly<Record<string, Part>>
}

export const COMMANDS: Readonly<Record<string, Command>> = {
  find: {
    page: `${MANUAL}command/find/`,
    options: {
      filter: 'query',
      sort: 'plain',
      projection: 'projection',
      limit: 'plain',
      batchSize: 'plain',
      singleBatch: 'plain',
    },
  },
  aggregate: {
    page: `${MANUAL}command/aggregate/`,
    options: { pipeline: 'pipeline', cursor: 'plain' },
  },
  getMore: {
    page: `${MANUAL}command/getMore/`,
    options: { collection: 'plain', batchSize: 'plain' },
  },
  killCursors: { page: `${MANUAL}command/killCursors/`, options: { cursors: 'plain' } },
  insert: { page: `${MANUAL}command/insert/`, options: { documents: 'plain', ordered: 'plain' } },
  update: {
    page: `${MANUAL}command/update/`,
    options: { updates: 'statements', ordered: 'plain' },
  },
  delete: {
    page: `${MANUAL}command/delete/`,
    options: { deletes: 'statements', ordered: 'plain' },
  },
  createIndexes: { page: `${MANUAL}command/createIndexes/`, options: { indexes: 'indexes' } },
  dropIndexes: { page: `${MANUAL}command/dropIndexes/`, options: { index: 'plain' } },
  ping: { page: `${MANUAL}command/ping/`, options: {} },
  endSessions: { page: `${MANUAL}command/endSessions/`, options: {} },
}

/** What any command may bear. A transaction would need `startTransaction` or `autocommit`, which are not among these. */
export const EVERY_COMMAND: Readonly<Record<string, string>> = {
  $db: `${MANUAL}mongodb-wire-protocol/`,
  $clusterTime: `${MANUAL}method/db.runCommand/`,
  $readPreference: 'https://www.mongodb.com/docs/manual/core/read-preference/',
  lsid: `${MANUAL}server-sessions/`,
  readConcern: `${MANUAL}read-concern-majority/`,
  writeConcern: `${MANUAL}write-concern/`,
  maxTimeMS: 'https://www.mongodb.com/docs/manual/tutorial/terminate-running-operations/',
}

/** The parts of one update or deletion. */
export const STATEMENTS: Readonly<Record<string, string>> = {
  q: `${MANUAL}command/update/`,
  u: `${MANUAL}command/update/`,
  upsert: `${MANUAL}command/update/`,
  multi: `${MANUAL}command/update/`,
  limit: `${MANUAL}command/delete/`,
}

export const QUERY_OPERATORS: Readonly<Record<string, string>> = Object.fromEntries(
  ['eq', 'gt', 'gte', 'lt', 'lte', 'in', 'all', 'or', 'exists', 'regex'].map((name) => [
    `$${name}`,
    `${MANUAL}operator/query/${name}/`,
  ]),
)

export const UPDATE_OPERATORS: Readonly<Record<string, string>> = Object.fromEntries(
  ['set', 'unset', 'max', 'push', 'pull'].map((name) => [
    `$${name}`,
    `${MANUAL}operator/update/${name}/`,
  ]),
)

export const STAGES: Readonly<Record<string, string>> = Object.fromEntries(
  ['match', 'unwind', 'replaceRoot', 'unionWith', 'sort', 'limit', 'group', 'project'].map(
    (name) => [`$${name}`, `${MANUAL}operator/aggregation/${name}/`],
  ),
)

/** What a stage or a projection may compute. */
export const EXPRESSIONS: Readonly<Record<string, string>> = {
  'stage $group $sum': `${MANUAL}operator/aggregation/sum/`,
  'stage $project $bsonSize': `${MANUAL}operator/aggregation/bsonSize/`,
  'projection $bsonSize': `${MANUAL}operator/aggregation/bsonSize/`,
}

export const INDEX_OPTIONS: Readonly<Record<string, string>> = {
  name: `${MANUAL}command/createIndexes/`,
  key: `${MANUAL}command/createIndexes/`,
  unique: 'https://www.mongodb.com/docs/manual/core/index-unique/',
  partialFilterExpression: 'https://www.mongodb.com/docs/manual/core/index-partial/',
}
