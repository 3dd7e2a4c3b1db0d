package closeloop.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Map;

/** One survey response, read with Jackson's streaming parser (its fastest) and checked as every other worker does. */
final class Response {
  private static final JsonFactory JSON = new JsonFactory();
  static final Map<String, int[]> SCALES =
      Map.of("nps", new int[] {0, 10}, "csat", new int[] {1, 5}, "ces", new int[] {1, 7});
  static final Map<String, Integer> THRESHOLDS = Map.of("nps", 6, "csat", 2, "ces", 3);
  private static final long FUTURE_MS = 300_000;

  String id;
  String source;
  long minute;
  String customer;
  String metric;
  int score = Integer.MIN_VALUE;
  String touchpoint;
  String channel;
  String region;
  String segment;
  private String specversion;
  private String type;
  private long atMs = Long.MIN_VALUE;

  /** Returns null for what is no valid response. */
  static Response read(byte[] value, long nowMs) {
    try (JsonParser parser = JSON.createParser(value)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) return null;
      Response found = new Response();
      found.readEnvelope(parser);
      return found.isValid(nowMs) ? found : null;
    } catch (IOException | RuntimeException e) {
      return null;
    }
  }

  boolean isDetractor() {
    return score <= THRESHOLDS.get(metric);
  }

  private void readEnvelope(JsonParser parser) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      switch (name) {
        case "specversion" -> specversion = parser.getText();
        case "id" -> id = parser.getText();
        case "source" -> source = parser.getText();
        case "type" -> type = parser.getText();
        case "time" -> atMs = OffsetDateTime.parse(parser.getText()).toInstant().toEpochMilli();
        case "data" -> readData(parser);
        default -> parser.skipChildren();
      }
    }
  }

  private void readData(JsonParser parser) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      switch (name) {
        case "customer_id" -> customer = parser.getText();
        case "metric" -> metric = parser.getText();
        case "score" -> score = parser.getIntValue();
        case "touchpoint" -> touchpoint = parser.getText();
        case "channel" -> channel = parser.getText();
        case "attributes" -> readAttributes(parser);
        default -> parser.skipChildren();
      }
    }
  }

  private void readAttributes(JsonParser parser) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      parser.nextToken();
      switch (name) {
        case "region" -> region = parser.getText();
        case "segment" -> segment = parser.getText();
        default -> parser.skipChildren();
      }
    }
  }

  private boolean isValid(long nowMs) {
    if (!"1.0".equals(specversion) || !"closeloop.response.v1".equals(type)) return false;
    if (!isName(id) || !isName(source) || !isName(customer) || metric == null) return false;
    int[] scale = SCALES.get(metric);
    if (scale == null || score < scale[0] || score > scale[1]) return false;
    if (touchpoint == null || channel == null || region == null || segment == null) return false;
    if (atMs < 0 || atMs > nowMs + FUTURE_MS) return false;
    minute = Math.floorDiv(Instant.ofEpochMilli(atMs).getEpochSecond(), 60);
    return true;
  }

  private static boolean isName(String text) {
    return text != null && !text.isEmpty() && text.length() <= 256;
  }
}
