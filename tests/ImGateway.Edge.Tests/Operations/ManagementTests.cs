using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Operations;

public sealed class ManagementTests
{
    [Fact]
    public async Task Livez_answers_before_any_certificate_is_there()
    {
        await using var server = await ManagementServer.StartAsync();

        using var answer = await server.Client.GetAsync("/livez");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Readyz_names_each_host_without_a_certificate_and_shows_the_upstream()
    {
        await using var server = await ManagementServer.StartAsync();

        using var answer = await server.Client.GetAsync("/readyz");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.False(json.RootElement.GetProperty("ready").GetBoolean());
        Assert.Equal(
            ["no certificate for gateway.example.com", "no certificate for *.chat.example.com"],
            json.RootElement.GetProperty("reasons").EnumerateArray().Select(reason => reason.GetString()));
        Assert.Equal("http://127.0.0.1:9/", json.RootElement.GetProperty("upstreams")[0].GetProperty("address").GetString());
    }

    [Fact]
    public async Task Readyz_is_200_once_every_host_has_a_certificate()
    {
        await using var server = await ManagementServer.StartAsync();
        using var leaf = Leaf();
        Publish(server, leaf);

        using var answer = await server.Client.GetAsync("/readyz");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task One_host_without_a_certificate_degrades_the_edge_and_leaves_it_ready()
    {
        await using var server = await ManagementServer.StartAsync();
        using var leaf = Leaf();
        server.Serve(new Credential(leaf, [], ManagementServer.Options().Hosts), HostName.Parse("gateway.example.com"));

        using var answer = await server.Client.GetAsync("/readyz");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.True(json.RootElement.GetProperty("ready").GetBoolean());
        Assert.Equal(
            ["no certificate for *.chat.example.com"],
            json.RootElement.GetProperty("degraded").EnumerateArray().Select(reason => reason.GetString()));
    }

    [Fact]
    public async Task An_edge_that_was_ready_stays_so_when_no_host_has_a_certificate_any_more()
    {
        await using var server = await ManagementServer.StartAsync();
        using var leaf = Leaf();
        Publish(server, leaf);
        server.Serve(new Credential(leaf, [], ManagementServer.Options().Hosts), hosts: []);

        using var answer = await server.Client.GetAsync("/readyz");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Certificates_are_described_for_people_and_scripts()
    {
        await using var server = await ManagementServer.StartAsync();
        using var leaf = Leaf();
        Publish(server, leaf);

        using var json = JsonDocument.Parse(await server.Client.GetStringAsync("/api/certificates/gateway.example.com"));
        var fields = json.RootElement;

        Assert.Equal("gateway.example.com", fields.GetProperty("host").GetString());
        Assert.Equal(["gateway.example.com", "*.chat.example.com"], fields.GetProperty("subjectNames").EnumerateArray().Select(name => name.GetString()));
        Assert.Equal("CN=a test", fields.GetProperty("issuer").GetString());
        Assert.Equal(leaf.SerialNumber, fields.GetProperty("serialNumber").GetString());
        Assert.Equal(Convert.ToBase64String(SHA256.HashData(leaf.PublicKey.ExportSubjectPublicKeyInfo())), fields.GetProperty("spkiSha256").GetString());
        Assert.Equal("P256", fields.GetProperty("keyType").GetString());
        Assert.Equal(ManagementServer.Now.AddDays(-1), fields.GetProperty("notBefore").GetDateTimeOffset());
        Assert.Equal(ManagementServer.Now.AddDays(30), fields.GetProperty("notAfter").GetDateTimeOffset());
        Assert.Equal(30, fields.GetProperty("daysLeft").GetDouble());
        Assert.Equal(1, fields.GetProperty("chainLength").GetInt32());
        Assert.Equal("not_offered", fields.GetProperty("ocsp").GetString());
        Assert.Equal("files", fields.GetProperty("source").GetString());
        Assert.Equal("im.crt", fields.GetProperty("origin").GetString());
        Assert.Equal(ManagementServer.Now.AddHours(-1), fields.GetProperty("installedAt").GetDateTimeOffset());
        Assert.Equal("0A", fields.GetProperty("previous").GetProperty("serialNumber").GetString());
        Assert.Equal("rotate", fields.GetProperty("next").GetProperty("action").GetString());
        Assert.Equal("MaxAge", fields.GetProperty("next").GetProperty("why").GetString());
    }

    [Fact]
    public async Task A_wildcard_certificate_is_found_by_its_file_name()
    {
        await using var server = await ManagementServer.StartAsync();

        using var json = JsonDocument.Parse(await server.Client.GetStringAsync("/api/certificates/_.chat.example.com"));

        Assert.Equal("*.chat.example.com", json.RootElement.GetProperty("host").GetString());
        Assert.False(json.RootElement.TryGetProperty("notAfter", out _));
    }

    [Fact]
    public async Task Uptime_does_not_depend_on_a_clock_that_is_put_right()
    {
        await using var server = await ManagementServer.StartAsync();
        using (await server.Client.GetAsync("/api/status")) server.Time.Advance(TimeSpan.FromSeconds(90));
        server.Time.Error = TimeSpan.FromDays(-400);

        using var json = JsonDocument.Parse(await server.Client.GetStringAsync("/api/status"));

        Assert.Equal(90, json.RootElement.GetProperty("uptimeSeconds").GetInt64());
    }

    [Fact]
    public async Task Status_says_what_runs_and_for_how_long()
    {
        await using var server = await ManagementServer.StartAsync();
        using (await server.Client.GetAsync("/api/status")) server.Time.Advance(TimeSpan.FromSeconds(90));

        using var json = JsonDocument.Parse(await server.Client.GetStringAsync("/api/status"));

        Assert.Equal(ManagementServer.Now, json.RootElement.GetProperty("startedAt").GetDateTimeOffset());
        Assert.Equal(90, json.RootElement.GetProperty("uptimeSeconds").GetInt64());
        Assert.Matches(@"^\d+\.\d+\.\d+", json.RootElement.GetProperty("version").GetString());
        Assert.Matches(@"^3\.\d+\.\d+$", json.RootElement.GetProperty("openSsl").GetString());
        Assert.False(json.RootElement.GetProperty("ready").GetBoolean());
        Assert.Equal(2, json.RootElement.GetProperty("certificates").GetArrayLength());
    }

    [Fact]
    public async Task Metrics_carry_build_and_process_and_no_noise()
    {
        await using var server = await ManagementServer.StartAsync();

        using var answer = await server.Client.GetAsync("/metrics");
        var page = await answer.Content.ReadAsStringAsync();

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.Matches("(?m)^imgw_build_info\\{version=\"[^\"]+\",commit=\"[^\"]*\",openssl=\"3[^\"]+\",engine=\"" + TestedEngines.Default + "\"\\} 1$", page);
        Assert.Matches("(?m)^process_resident_memory_bytes [1-9]", page);
        Assert.Matches("(?m)^process_open_fds [1-9]", page);
        Assert.Matches("(?m)^process_cpu_seconds_total [0-9.]+$", page);
        Assert.DoesNotContain("msquic", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("microsoft_aspnetcore", page);
    }

    [Theory]
    [InlineData("POST", "/readyz")]
    [InlineData("DELETE", "/api/certificates/gateway.example.com")]
    [InlineData("OPTIONS", "/metrics")]
    public async Task Only_reading_is_possible(string method, string path)
    {
        await using var server = await ManagementServer.StartAsync();

        using var answer = await server.SendAsync(new HttpMethod(method), path);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal(["GET", "HEAD"], answer.Content.Headers.Allow.Order());
    }

    [Fact]
    public async Task Nothing_that_the_control_socket_does_is_to_be_had_here()
    {
        await using var server = await ManagementServer.StartAsync();
        string[] paths = ["/health", "/certificates", "/certificates/import", "/certificates/gateway.example.com/rollback", "/api/certificates/import"];

        foreach (var path in paths)
        {
            foreach (var method in (string[])["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "QUERY", "post"])
            {
                using var answer = await server.SendAsync(new HttpMethod(method), path);
                Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed, $"{method} {path}: {answer.StatusCode}");
            }
        }
    }

    [Fact]
    public async Task Head_answers_as_Get_without_a_body()
    {
        await using var server = await ManagementServer.StartAsync();

        using var answer = await server.SendAsync(HttpMethod.Head, "/livez");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(3, answer.Content.Headers.ContentLength);
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("grafana.localhost:9180", 200)]
    [InlineData("127.0.0.1:9180", 200)]
    [InlineData("192.0.2.7", 200)]
    [InlineData("[::1]:9180", 200)]
    [InlineData("GATEWAY.example.com", 200)]
    [InlineData("eu.chat.example.com", 200)]
    [InlineData("attacker.example", 421)]
    [InlineData("example.com", 421)]
    [InlineData("localhost.attacker.example", 421)]
    [InlineData("notlocalhost", 421)]
    public async Task Host_must_be_loopback_an_address_or_configured(string host, int status)
    {
        await using var server = await ManagementServer.StartAsync();

        using var answer = await server.SendAsync(HttpMethod.Get, "/livez", host);

        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Fact]
    public async Task A_caller_outside_the_networks_is_refused_whatever_it_forwards()
    {
        var options = ManagementServer.Options() with { ManagementNetworks = [IPNetwork.Parse("10.0.0.0/8")] };
        await using var server = await ManagementServer.StartAsync(options);

        using var answer = await server.SendAsync(
            HttpMethod.Get, "/metrics", host: null, ("X-Forwarded-For", "10.0.0.1"), ("X-Real-IP", "10.0.0.1"), ("Forwarded", "for=10.0.0.1"));

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.DoesNotContain("process_", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("::ffff:10.1.2.3", 200)]
    [InlineData("10.1.2.3", 200)]
    [InlineData("::ffff:11.1.2.3", 403)]
    [InlineData("2001:db8::1", 403)]
    public async Task Mapped_addresses_count_as_the_IPv4_addresses_they_are(string peer, int status)
    {
        var options = ManagementServer.Options() with { ManagementNetworks = [IPNetwork.Parse("10.0.0.0/8")] };
        await using var server = await ManagementServer.StartAsync(options, IPAddress.Parse(peer));

        using var answer = await server.Client.GetAsync("/livez");

        Assert.Equal(status, (int)answer.StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/livez")]
    [InlineData("/nowhere")]
    [InlineData("/api/certificates/unknown")]
    public async Task Every_answer_carries_the_security_headers(string path)
    {
        await using var server = await ManagementServer.StartAsync();

        using var answer = await server.Client.GetAsync(path);

        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("DENY", Assert.Single(answer.Headers.GetValues("X-Frame-Options")));
        Assert.StartsWith("default-src 'none'", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
        Assert.True(answer.Headers.CacheControl?.NoStore);
    }

    [Fact]
    public async Task The_public_listener_shows_nothing_of_management()
    {
        await using var server = await ManagementServer.StartAsync();

        foreach (var path in (string[])["/metrics", "/readyz", "/api/status"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = "gateway.example.com" } };
            using var answer = await server.PublicClient.SendAsync(request);

            Assert.Equal(HttpStatusCode.MovedPermanently, answer.StatusCode);
            Assert.Equal("", await answer.Content.ReadAsStringAsync());
        }
    }

    static void Publish(ManagementServer server, X509Certificate2 leaf) => server.Serve(new Credential(leaf, [], ManagementServer.Options().Hosts));

    static X509Certificate2 Leaf()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=a test", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(ManagementServer.Now.AddDays(-1), ManagementServer.Now.AddDays(30));
    }
}
