// Another build of this service, or one with another configuration, at a URL.
export const create = (draft) => ({ method: 'POST', path: '/tasks', body: draft })
export const get = (id) => ({ path: `/tasks/${id}` })
export const list = (limit) => ({ path: `/tasks?limit=${limit}` })
export const idOf = (answer) => answer.id
