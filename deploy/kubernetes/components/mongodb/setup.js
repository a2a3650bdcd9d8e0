// Run by mongosh in the Job mongodb-setup: makes the replica set and the service's user, where they are not there yet.
const { MONGODB_ROOT_PASSWORD, MONGODB_PASSWORD } = process.env
const hosts = [0, 1, 2].map((index) => `mongodb-${index}.mongodb:27017`)
const login = `root:${encodeURIComponent(MONGODB_ROOT_PASSWORD)}`

/** The set is made from its first member, which then offers it to the others. */
const first = connect(`mongodb://${login}@${hosts[0]}/admin?directConnection=true`)
try {
  first.adminCommand({ replSetGetStatus: 1 })
} catch (error) {
  if (error.codeName !== 'NotYetInitialized') throw error
  const members = hosts.map((host, _id) => ({ _id, host }))
  first.adminCommand({ replSetInitiate: { _id: 'rs0', members } })
}

/** The service's user may read and write its own database, and nothing else. */
const tasks = connect(`mongodb://${login}@${hosts.join(',')}/tasks?replicaSet=rs0&authSource=admin`)
const roles = [{ role: 'readWrite', db: 'tasks' }]
const user = { pwd: MONGODB_PASSWORD, roles }
if (tasks.getUser('task-manager') === null) tasks.createUser({ user: 'task-manager', ...user })
else tasks.updateUser('task-manager', user)
