export default {
  "queue.title": "Queue"
};
