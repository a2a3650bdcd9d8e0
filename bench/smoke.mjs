export const smoke = () => {}
export const writeBaseline = () => {}
