export const writeDocument = () => {}
