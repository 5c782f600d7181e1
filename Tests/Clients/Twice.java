import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** Asks twice on one connection with the client of the JDK, as it is by default: it offers HTTP/2 with its first request. */
public class Twice {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (String model : new String[] {arguments[2], arguments[3], arguments[2]}) {
            String body = "{\"model\":\"" + model + "\",\"stream\":" + model.equals(arguments[3])
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
            HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0] + "/v1/chat/completions"))
                .header("authorization", "Bearer " + arguments[1]).header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)).build();
            HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(response.statusCode() + " " + response.version() + " " + response.body().length());
        }
        HttpRequest models = HttpRequest.newBuilder(URI.create(arguments[0] + "/v1/models"))
            .header("authorization", "Bearer " + arguments[1]).build();
        System.out.println(client.send(models, HttpResponse.BodyHandlers.ofString()).statusCode());
    }
}
