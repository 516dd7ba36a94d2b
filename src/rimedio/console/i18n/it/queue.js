export default {
  "queue.title": "Coda"
};
