using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ImGateway.Testing;

/// <summary>An OCSP responder whose responses a test scripts.</summary>
public sealed class ScriptedResponder : IAsyncDisposable
{
    readonly WebApplication _app;
    volatile Func<HttpContext, Task> _answer = _ => Task.CompletedTask;
    int _requests;

    ScriptedResponder(WebApplication app)
    {
        _app = app;
        Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
    }

    public string Url { get; }

    public int Requests => Volatile.Read(ref _requests);

    public static async Task<ScriptedResponder> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        ScriptedResponder? responder = null;
        app.Run(context => responder!.AnswerAsync(context));
        await app.StartAsync();
        return responder = new ScriptedResponder(app);
    }

    public void Answer(byte[] response) => Answer(context => context.Response.Body.WriteAsync(response).AsTask());

    public void Answer(Func<HttpContext, Task> answer) => _answer = answer;

    public void Fail() => Answer(context =>
    {
        context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return Task.CompletedTask;
    });

    /// <summary>Takes requests and says nothing, until the client has had enough.</summary>
    public void Hang(Action? onAsked = null) => Answer(async context =>
    {
        onAsked?.Invoke();
        var gone = new TaskCompletionSource();
        await using (context.RequestAborted.Register(gone.SetResult)) await gone.Task;
    });

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    Task AnswerAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        return _answer(context);
    }
}
